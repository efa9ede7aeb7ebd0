import type { Item } from '@veza/client';
import { describe, expect, it } from 'vitest';
import { applied, beginsUnknown, stillLive, type Broadcast } from './broadcast';

const broadcast = (id: string, status: Broadcast['status'] = 'live'): Broadcast => ({
  id,
  owner: { id: 'ada', userName: 'ada' },
  title: 'Late show',
  status,
  contentType: null,
  listeners: 0,
  createdAt: '2026-11-30T20:00:00Z',
  startedAt: null,
  endedAt: null,
  listenUrl: `/live/${id}`,
  version: 1,
  position: 1,
});

const item = (type: string, broadcastId: string): Item =>
  ({ position: 9, type, topics: [], at: '2026-11-30T21:00:00Z', by: null, data: { broadcastId } }) as unknown as Item;

describe('applied', () => {
  it('goes live, is interrupted, comes back and ends', () => {
    const types = ['broadcastStarted', 'broadcastInterrupted', 'broadcastResumed', 'broadcastEnded'];
    let now = broadcast('a', 'waiting');
    const seen = types.map(type => (now = applied(now, item(type, 'a'))).status);
    expect(seen).toEqual(['live', 'interrupted', 'live', 'ended']);
    expect(now.startedAt).toBe('2026-11-30T21:00:00Z');
    expect(now.endedAt).toBe('2026-11-30T21:00:00Z');
  });

  it('leaves another broadcast, and types it does not know, as they are', () => {
    const now = broadcast('a');
    expect(applied(now, item('broadcastEnded', 'b'))).toBe(now);
    expect(applied(now, item('broadcastRenamed', 'a'))).toBe(now);
  });
});

describe('the list', () => {
  it('loses what has ended', () => {
    const left = stillLive([broadcast('a'), broadcast('b')], item('broadcastEnded', 'a'));
    expect(left.map(({ id }) => id)).toEqual(['b']);
  });

  it('is read again when a broadcast begins that it does not have', () => {
    const list = [broadcast('a')];
    expect(beginsUnknown(list, item('broadcastStarted', 'b'))).toBe(true);
    expect(beginsUnknown(list, item('broadcastStarted', 'a'))).toBe(false);
    expect(beginsUnknown(list, item('broadcastEnded', 'b'))).toBe(false);
  });
});
