// Writes aws-arguments.json: for each resource that deploy/terraform uses, its arguments, true where required, from the
// typings of @cdktf/provider-aws 21.22.1, which are made from the provider's own schema (6.x).
// Usage: npm pack @cdktf/provider-aws@21.22.1 && tar -xzf *.tgz && node arguments.mjs package/lib > aws-arguments.json
import { readFile } from "node:fs/promises";

const lib = process.argv[2];
const terraform = new URL("../../../deploy/terraform/", import.meta.url);
const files = ["network", "kubernetes", "database", "storage", "dns"].map((name) => `modules/${name}/main.tf`);
const kinds = new Set();
for (const file of files) {
  const text = await readFile(new URL(file, terraform), "utf8");
  for (const [, kind] of text.matchAll(/^resource "(\w+)"/gm)) kinds.add(kind);
}
const known = {};
for (const kind of [...kinds].sort()) {
  const text = await readFile(`${lib}/${kind.slice("aws_".length).replaceAll("_", "-")}/index.d.ts`, "utf8");
  const config = text.slice(text.indexOf("Config extends"), text.indexOf("\n}", text.indexOf("Config extends")));
  const found = config.matchAll(/#(\w+)[^#]*?\*\/\s+readonly \w+(\??):/g);
  known[kind] = Object.fromEntries([...found].map(([, name, optional]) => [name, optional === ""]));
}
console.log(JSON.stringify(known, null, 1));
