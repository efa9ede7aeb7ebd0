// Writes the release's bill of materials in CycloneDX: the .NET packages that CycloneDX for .NET found, and the npm
// packages that the page contains. The time is the commit's (SOURCE_DATE_EPOCH), so that two builds write the same.
//
//   node deploy/linux/sbom.mjs VERSION NUGET.cdx.json PACKAGE-LOCK.json...
import { readFileSync } from 'node:fs';

const [version, nuget, ...locks] = process.argv.slice(2);
const sbom = JSON.parse(readFileSync(nuget, 'utf8'));

/** A package of package-lock.json; packages for development alone are not in the page. */
function component([path, { version, license, integrity }]) {
  const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
  const sha512 = /^sha512-(.+)$/.exec(integrity ?? '')?.[1];
  return {
    type: 'library',
    'bom-ref': purl,
    name,
    version,
    ...(sha512 && { hashes: [{ alg: 'SHA-512', content: Buffer.from(sha512, 'base64').toString('hex') }] }),
    ...(license && { licenses: [{ expression: license }] }),
    purl,
  };
}

const npm = locks
  .flatMap((lock) => Object.entries(JSON.parse(readFileSync(lock, 'utf8')).packages))
  .filter(([path, entry]) => path.includes('node_modules/') && !entry.dev && !entry.link && !entry.devOptional)
  .map(component);

const components = new Map([...sbom.components, ...npm].map((entry) => [entry.purl, entry]));
sbom.components = [...components.values()].sort((a, b) => (a.purl < b.purl ? -1 : 1));
sbom.metadata.timestamp = new Date(Number(process.env.SOURCE_DATE_EPOCH) * 1000).toISOString();
sbom.metadata.component.version = version;
delete sbom.serialNumber;
process.stdout.write(`${JSON.stringify(sbom, undefined, 2)}\n`);
