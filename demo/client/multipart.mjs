/**
 * A multipart body with a fixed boundary. FormData would use a new boundary for every retry, so the bytes would differ
 * under the same Idempotency-Key. The file comes last, so the server reads the fields before the long part.
 */
export function multipart(fields, { name, type, bytes }, key) {
  const boundary = `veza-demo-${key}`;
  const part = (disposition, content) =>
    `--${boundary}\r\nContent-Disposition: form-data; ${disposition}\r\n${content}`;
  const parts = Object.entries(fields).map(([field, value]) =>
    Buffer.from(part(`name="${field}"`, `\r\n${value}\r\n`)),
  );
  const head = Buffer.from(part(`name="file"; filename="${name}"`, `Content-Type: ${type}\r\n\r\n`));
  return {
    type: `multipart/form-data; boundary=${boundary}`,
    bytes: Buffer.concat([...parts, head, bytes, Buffer.from(`\r\n--${boundary}--\r\n`)]),
  };
}
