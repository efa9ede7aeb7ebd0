import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect } from './test';

/** The address on the page that the newest mail with such a link leads to. Without SMTP, Veza writes mails to files. */
export async function mailedLink(veza: { readonly home: string }, accountId: string, to: string): Promise<string> {
  const folder = path.join(veza.home, 'mail');
  const link = new RegExp(`${to}#[A-Za-z0-9_-]{86}`);
  let found: string | undefined;
  await expect(async () => {
    const names = (await readdir(folder)).filter(name => name.includes(accountId.replaceAll('-', ''))).sort();
    const mails = await Promise.all(names.map(name => readFile(path.join(folder, name), 'utf8')));
    found = mails.map(mail => link.exec(plain(mail))?.[0]).findLast(each => each !== undefined);
    expect(found, `a mail with a link to ${to}`).toBeDefined();
  }).toPass({ timeout: 30_000 });
  return found ?? '';
}

/** Undoes quoted-printable, which breaks long lines. */
const plain = (mail: string): string =>
  mail.replace(/=\r?\n/g, '').replace(/=([0-9A-F]{2})/g, (_, code: string) => String.fromCharCode(parseInt(code, 16)));
