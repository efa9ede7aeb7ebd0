// Prints the vector selectors of PromQL expressions, such as up{job="veza"}, without their ranges.
// Usage: node selectors.mjs EXPRESSIONS; a list as JSON. Prints a list of lists as JSON.
import { parser } from "@prometheus-io/lezer-promql";

const selectors = (text) => {
  const found = [];
  parser.parse(text).iterate({
    enter: (node) => {
      if (node.type.isError) throw new Error(`not PromQL at ${node.from}: ${text}`);
      if (node.name === "VectorSelector") found.push(text.slice(node.from, node.to));
    },
  });
  return found;
};

console.log(JSON.stringify(JSON.parse(process.argv[2]).map(selectors)));
