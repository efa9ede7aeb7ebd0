import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Event, Refusal } from '../names.mjs';
import { Person, refusal } from '../client/person.mjs';
import { inParallel } from '../pace.mjs';

const PeopleAtFullScale = 50;
const PeopleMin = 14;
const RegisteringAtOnce = 6;
const password = 'correct-horse-9-battery';

const firstNames = [
  'mara',
  'jonas',
  'aylin',
  'tomasz',
  'chidi',
  'yuki',
  'lena',
  'omar',
  'priya',
  'diego',
  'noor',
  'felix',
  'ines',
  'kofi',
  'hana',
  'luca',
  'sofia',
  'ravi',
  'elif',
  'theo',
  'nadia',
  'minh',
  'greta',
  'pavel',
  'amara',
];
const lastNames = [
  'lindqvist',
  'okafor',
  'tanaka',
  'weber',
  'moreau',
  'kowalski',
  'haddad',
  'silva',
  'novak',
  'park',
  'rossi',
  'iyer',
  'larsen',
  'demir',
  'costa',
  'petrov',
];

/** The analyst reads the whole log; a development server writes that account's credentials when it first starts. */
export async function signInOperator(world) {
  const path = join(world.options.home, 'operator.json');
  const credentials = await readFile(path, 'utf8').catch(() => {
    throw new Error(`${path} is missing: start Veza first, or say --home (or VEZA_HOME) where its data directory is`);
  });
  const operator = new Person(world.api, world.ledger, JSON.parse(credentials));
  world.operator = operator;
  world.startPosition = (await operator.signIn({ type: Event.SessionStarted })).position - 1;
}

export async function register(world) {
  const count = Math.max(PeopleMin, Math.round(PeopleAtFullScale * world.options.scale));
  const names = userNames(world.chance.branch('people'), count, world.runId);
  world.people = await inParallel(RegisteringAtOnce, names, async userName => {
    const person = new Person(world.api, world.ledger, { userName, email: `${userName}@example.org`, password });
    await person.register({ type: Event.AccountRegistered, data: answer => ({ accountId: answer.id, userName }) });
    return person;
  });
  world.personById = new Map(world.people.map(person => [person.id, person]));
  await sessions(world);
  await refusals(world);
}

function userNames(chance, count, runId) {
  const all = firstNames.flatMap(first => lastNames.map(last => `${first}.${last}_${runId}`));
  return chance.some(all, count);
}

async function sessions(world) {
  const check = world.report.section('people');
  const device = await world.people[0].signInAgain({ type: Event.SessionStarted });
  const used = device.refreshToken;
  await device.refresh({ type: Event.SessionRefreshed });
  check.equal('a refreshed token works', world.people[0].id, (await device.read('/api/v1/accounts/me')).id);
  await device.write({ type: Event.SessionEnded }, 'DELETE', '/api/v1/sessions/current');
  check.refused(
    'a signed-out session',
    Refusal.unauthenticated,
    await refusal(() => device.read('/api/v1/accounts/me')),
  );

  const other = await world.people[1].signInAgain({ type: Event.SessionStarted });
  const first = other.refreshToken;
  await other.refresh({ type: Event.SessionRefreshed });
  check.that(
    'a refresh token is replaced at each use',
    other.refreshToken !== first && device.refreshToken !== used,
    'a new one',
    'the old one',
  );
  check.refused(
    'a refresh token used twice',
    Refusal.unauthenticated,
    await refusal(() =>
      other.attempt('POST', '/api/v1/sessions/refresh', { body: { refreshToken: first }, anonymous: true }),
    ),
  );
}

async function refusals(world) {
  const check = world.report.section('people');
  const { userName } = world.people[0];
  const newcomer = { userName: `new.${world.runId}`, email: `new.${world.runId}@example.org`, password };
  const registering = change =>
    refusal(() =>
      world.people[0].attempt('POST', '/api/v1/accounts', { body: { ...newcomer, ...change }, anonymous: true }),
    );

  check.refused('a short password', Refusal.invalid('password'), await registering({ password: 'short' }));
  check.refused('a user name with a space', Refusal.invalid('userName'), await registering({ userName: 'not a name' }));
  check.refused(
    'a user name that is taken, in capitals or not',
    { statuses: [400, 409], codes: null },
    await registering({ userName: userName.toUpperCase() }),
  );
  check.refused('a user name that is taken', Refusal.nameTaken, await registering({ userName }));
  check.refused(
    'a wrong password',
    Refusal.unauthenticated,
    await refusal(() =>
      world.people[0].attempt('POST', '/api/v1/sessions', {
        body: { name: userName, password: 'wrong-horse-9-battery' },
        anonymous: true,
      }),
    ),
  );
  check.refused(
    'a wrong token',
    Refusal.unauthenticated,
    await refusal(() => world.api.send('GET', '/api/v1/accounts/me', { token: 'not.a.token' })),
  );
  check.refused('no token', Refusal.unauthenticated, await refusal(() => world.api.send('GET', '/api/v1/accounts/me')));
}
