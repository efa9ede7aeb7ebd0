import { expect, it } from 'vitest';
import { grouped } from './members';

it('members who are here come before those who are away, each by name', () => {
  const { here, away } = grouped([
    { id: '1', userName: 'zoe', status: 'dnd' },
    { id: '2', userName: 'ann', status: 'offline' },
    { id: '3', userName: 'bob', status: 'idle' },
    { id: '4', userName: 'eve', status: 'online' },
  ]);
  expect(here.map(({ userName }) => userName)).toEqual(['bob', 'eve', 'zoe']);
  expect(away.map(({ userName }) => userName)).toEqual(['ann']);
});
