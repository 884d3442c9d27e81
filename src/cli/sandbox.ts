import { formatDuration } from '../core/duration.ts';
import type { Scenario } from '../core/scenario.ts';
import { type ClientsOptions, chosenClients } from './clients.ts';
import { chosenFaults, type FaultOptions, listFaults } from './faults.ts';
import { EXIT, type Host, type SandboxFault } from './host.ts';
import { absolute, dataDir, join, type PlaceOptions } from './places.ts';
import { chosenScenario, type ScenarioOptions } from './scenario.ts';
import { UsageError } from './usage-error.ts';

export interface SandboxCommandOptions extends PlaceOptions, FaultOptions, ClientsOptions, ScenarioOptions {
  readonly speed: string;
  readonly seed: string;
  readonly dir?: string;
  /** Started by `run`: says where it is in one line of JSON, and ends with its standard input. */
  readonly child?: boolean;
}

/** `packprobe sandbox`: stays up until it is stopped. */
export async function sandboxCommand(options: SandboxCommandOptions, host: Host): Promise<number> {
  if (options.listFaults === true) return listFaults(options, host);
  if (options.json === true) {
    throw new UsageError(
      '--json goes with --list-faults',
      'The environment of a sandbox is JSON at its control port: GET /environment?format=json.',
    );
  }
  const speed = parseSpeed(options.speed);
  const faults = await chosenFaults(options, host);
  const dir = absolute(
    host.cwd,
    options.dir ?? join(dataDir(options, host), `sandbox-${(await host.ids()).uuid()}`),
  );
  const files = await host.listFiles(dir).catch(() => undefined);
  if (files === undefined && (await host.exists(dir))) {
    throw new UsageError(`${dir} is no folder`, 'Give one that does not exist, or an empty one.');
  }
  if (files !== undefined && files.length > 0) {
    throw new UsageError(
      `the folder ${dir} is not empty`,
      'The sandbox removes its folder at its end: give one that does not exist.',
    );
  }
  const playing = await chosenScenario(options, host);
  const clients = await chosenClients(options, host);
  const controller = new AbortController();
  using _stop = host.onStop(() => controller.abort());
  if (options.child === true) void host.stdinClosed().then(() => controller.abort());
  await host.serveSandbox(
    { speed, seed: options.seed, dir, faults: faults.map(({ name }) => name), clients, ...playing },
    async (control, environment) => {
      if (options.child === true) {
        host.stdout.write(`${JSON.stringify({ control })}\n`);
        return;
      }
      host.stdout.write(environment);
      host.stderr.write(
        settings({ control, dir, faults, scenario: playing.scenario?.scenario, program: host.program }),
      );
    },
    controller.signal,
  );
  return EXIT.passed;
}

/** How fast a sandbox runs, from the command line. */
export function parseSpeed(text: string): number {
  const speed = Number(text);
  if (speed > 0 && speed <= 300) return speed;
  throw new UsageError(`--speed takes a number above 0 and at most 300, got "${text}"`);
}

interface Settings {
  readonly control: string;
  readonly dir: string;
  readonly faults: readonly SandboxFault[];
  readonly scenario: Scenario | undefined;
  readonly program: string;
}

function settings({ control, dir, faults, scenario, program }: Settings): string {
  const broken = faults.map(({ name, says }) => `  ${name.padEnd(18)}  ${says}\n`).join('');
  const mend = `${program} sandbox fault off NAME --url ${control}`;
  return `
The sandbox is up. Above is its environment file (also at ${control}/environment).
${broken === '' ? '' : `\nBroken in it, until \`${mend}\`:\n\n${broken}`}${scenario === undefined ? '' : programme(scenario)}
  one run in it       ${program} run single-build --url ${control}
  any client          . ${dir}/env.sh   (PATH, HOME and addresses for fedpkg, koji, bodhi)
  break something     ${program} sandbox fault on NAME --url ${control}   (${program} sandbox --list-faults)
  what happened       curl ${control}/truth?nvr=NVR
  what a run left     curl ${control}/holdings?run=RUN

Ctrl-C ends it and removes ${dir}.
`;
}

/** What will happen in it, by its own clock. */
function programme({ name, description, events }: Scenario): string {
  const lines = events
    .toSorted((a, b) => a.at - b.at)
    .map((event) => {
      const what = 'fault' in event ? event.fault : `a mass rebuild of ${event.mass_rebuild.builds} packages`;
      const until = event.for === undefined ? 'to the end' : `for ${formatDuration(event.for)}`;
      return `  after ${formatDuration(event.at)}, ${until}: ${what}\n`;
    });
  return `\nIt plays ${name}: ${description}.\n\n${lines.join('')}`;
}
