import { expect, it, vi } from 'vitest';
import { takeSound } from './soundFocus';

it('pauses what sounded before, and not what has ended or begins again', () => {
  const [music, broadcast] = [vi.fn(), vi.fn()];
  takeSound(music);
  takeSound(music);
  expect(music).not.toHaveBeenCalled();
  const end = takeSound(broadcast);
  expect(music).toHaveBeenCalledOnce();
  end();
  takeSound(music);
  expect(broadcast).not.toHaveBeenCalled();
});
