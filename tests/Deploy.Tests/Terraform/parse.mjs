// Prints Terraform files as one JSON object, by file. Usage: node parse.mjs FILE...; a fault of syntax exits with 1.
import { readFile } from "node:fs/promises";
import hcl2json from "@cdktf/hcl2json";

const files = {};
for (const file of process.argv.slice(2)) files[file] = await hcl2json.parse(file, await readFile(file, "utf8"));
process.stdout.write(JSON.stringify(files));
