import { expect, it } from 'vitest';
import { deviceName } from './device';

it('names browser and system', () => {
  const chrome = 'AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36';
  expect(deviceName(`Mozilla/5.0 (X11; Linux x86_64) ${chrome}`)).toBe('Chrome, Linux');
  expect(deviceName(`Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${chrome} Edg/131.0.0.0`)).toBe('Edge, Windows');
  expect(deviceName('Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0')).toBe('Firefox, Linux');
  const safari = 'AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1';
  expect(deviceName(`Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) ${safari}`)).toBe('Safari, iPhone');
});

it('leaves other programs as they call themselves', () => {
  expect(deviceName('curl/7.88.1')).toBe('curl/7.88.1');
  expect(deviceName('My iPhone')).toBe('My iPhone');
  expect(deviceName('Safari, iPhone')).toBe('Safari, iPhone');
  expect(deviceName('')).toBe('');
});
