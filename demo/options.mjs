import { parseArgs } from 'node:util';

const usage = `node demo/demo.mjs [options]
  --url URL                   where Veza answers (http://127.0.0.1:8080)
  --scale N                   1 is the whole demo, 0.1 a short one for tests (1.0)
  --seed N                    repeats the same run; printed at the start (random)
  --home DIR                  where operator.json lies (VEZA_HOME, else ./.veza)
  --ack-log FILE              appends each acknowledged write as a line of JSON
  --keep-alive-on-disconnect  wait up to ten minutes, not one, for a server that went away`;

const PatienceMs = 60_000;
const LongPatienceMs = 600_000;
const ScaleMax = 10;

export function readOptions(args) {
  const { values } = parse(args);
  if (values.help) {
    console.log(usage);
    process.exit(0);
  }
  const scale = Number(values.scale);
  if (!(scale > 0 && scale <= ScaleMax)) stop(`--scale is ${values.scale}; it must be above 0 and at most ${ScaleMax}`);
  if (!isAddress(values.url)) stop(`--url is ${values.url}; it must be an address like http://127.0.0.1:8080`);
  return {
    url: values.url.replace(/\/+$/, ''),
    scale,
    seed: values.seed ?? String(Math.floor(Math.random() * 1e9)),
    home: values.home ?? process.env.VEZA_HOME ?? '.veza',
    ackLog: values['ack-log'],
    patienceMs: values['keep-alive-on-disconnect'] ? LongPatienceMs : PatienceMs,
  };
}

function parse(args) {
  try {
    return parseArgs({
      args,
      options: {
        url: { type: 'string', default: 'http://127.0.0.1:8080' },
        scale: { type: 'string', default: '1' },
        seed: { type: 'string' },
        home: { type: 'string' },
        'ack-log': { type: 'string' },
        'keep-alive-on-disconnect': { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    return stop(error.message);
  }
}

function stop(reason) {
  console.error(`${reason}\n\n${usage}`);
  process.exit(2);
}

/** Node 18 of Debian 12 has no `URL.canParse`. */
function isAddress(text) {
  try {
    return Boolean(new URL(text).host);
  } catch {
    return false;
  }
}
