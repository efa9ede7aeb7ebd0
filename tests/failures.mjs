// Prints the name and the message of each failed test in reports of xunit (XML, version 2).
// Usage: node failures.mjs REPORT ...; a report that is missing or was cut off is left out.
import { readFileSync } from "node:fs";

const failedTest = /<test (?=[^>]* result="Fail")[^>]* name="([^"]*)"[^>]*>[\s\S]*?<message>([\s\S]*?)<\/message>/g;
const entities = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };
// A message may hold a whole answer or log.
const messageLengthMax = 2_000;

const text = (xml) => xml.replace(/<!\[CDATA\[([\s\S]*?)\]\]>/g, "$1").replace(/&(\w+);/g, (_, name) => entities[name]);

for (const report of process.argv.slice(2)) {
  let xml;
  try {
    xml = readFileSync(report, "utf8");
  } catch {
    continue;
  }
  for (const [, name, message] of xml.matchAll(failedTest))
    console.log(`failed ${text(name)}\n  ${text(message).slice(0, messageLengthMax).replaceAll("\n", "\n  ")}`);
}
