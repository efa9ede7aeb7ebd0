// Serves the bucket "veza" over a folder, and says its port. It ends with its standard input.
import S3rver from 's3rver';

const [folder, port] = process.argv.slice(2);
const server = new S3rver({
  address: '127.0.0.1',
  port: Number(port),
  directory: folder,
  silent: true,
  configureBuckets: [{ name: 'veza' }],
});
const { port: listening } = await server.run();
console.log(listening);
process.stdin.on('end', () => process.exit(0)).resume();
