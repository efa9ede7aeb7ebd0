import { expect, it, vi } from 'vitest';

vi.stubGlobal('navigator', { languages: ['en'] });
vi.stubGlobal('localStorage', { getItem: () => null });
const { PasswordMin, strengthOf, strengthText } = await import('./strength');

it('calls a password short until the server takes it', () => {
  expect(strengthOf('')).toBe('none');
  expect(strengthOf('a'.repeat(PasswordMin - 1))).toBe('short');
  expect(strengthOf('a'.repeat(PasswordMin))).toBe('fair');
});

it('counts characters, not code units', () => {
  expect(strengthOf('🎵'.repeat(9))).toBe('short');
  expect(strengthText('🎵🎵🎵')).toBe('7 more to go');
});

it('grows with the length', () => {
  expect([13, 14, 19, 20].map(length => strengthOf('a'.repeat(length)))).toEqual(['fair', 'good', 'good', 'strong']);
  expect(strengthText('')).toBeUndefined();
});
