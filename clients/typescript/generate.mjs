// Writes src/schema.ts, the types of the API, from openapi.json.
import { readFileSync, writeFileSync } from 'node:fs';
import openapiTS, { astToString } from 'openapi-typescript';
import ts from 'typescript';

const number = ts.factory.createKeywordTypeNode(ts.SyntaxKind.NumberKeyword);
const none = ts.factory.createLiteralTypeNode(ts.factory.createNull());
const numberOrNull = ts.factory.createUnionTypeNode([number, none]);

/** The server accepts numbers as texts too, but answers and takes them as numbers here. */
function transform(schema) {
  const types = Array.isArray(schema.type) ? schema.type : [];
  if (!types.includes('string') || !(types.includes('integer') || types.includes('number'))) return undefined;
  return types.includes('null') ? numberOrNull : number;
}

/** Answers of writes, which have no schema of their own, hold all of their fields. */
function requireFields(document) {
  const operations = Object.values(document.paths).flatMap(path => Object.values(path));
  for (const { schema } of operations.flatMap(operation => Object.values(operation.responses).flatMap(contents)))
    if (schema?.properties !== undefined) schema.required ??= Object.keys(schema.properties);
  return document;
}

const contents = response => Object.values(response.content ?? {});

const document = JSON.parse(readFileSync(new URL('openapi.json', import.meta.url), 'utf8'));
const types = astToString(await openapiTS(requireFields(document), { transform, alphabetize: false, silent: true }));
writeFileSync(new URL('src/schema.ts', import.meta.url), `// Made by generate.mjs from openapi.json.\n${types}`);
