import { formatDuration } from '../core/duration.ts';
import type { Environment } from '../core/environment.ts';
import { resolveParams } from '../core/params.ts';
import { describeBindings, type PlannedStep, placeholderInputs } from '../core/plan.ts';
import { planProbe } from '../core/planner.ts';
import { environmentFacts, probeFacts } from '../core/scope.ts';
import type { PlanFacts } from '../core/step.ts';
import { EXIT, type Host } from './host.ts';
import { loadConfig, loadEnvironment, loadProbe, type PlaceOptions } from './places.ts';
import { quoted } from './quoted.ts';
import { parseSet } from './set-option.ts';
import { type Paint, painter } from './style.ts';
import { overridesOf, targetOf } from './target.ts';

export interface PlanCommandOptions extends PlaceOptions {
  readonly env?: string;
  readonly package?: string;
  readonly branch?: string;
  readonly set?: readonly string[];
  readonly json?: boolean;
}

/** `packprobe plan PROBE`: the steps, what each input is bound to, and the exact commands that a run would use. */
export async function planCommand(name: string, options: PlanCommandOptions, host: Host): Promise<number> {
  // A sandbox has its addresses only while it runs: placeholders stand for them.
  const env = options.env === 'sandbox' ? undefined : options.env;
  const file = await loadProbe(name, options, host);
  const config = await loadConfig(options, host);
  const actions = await host.actions();
  const environment =
    env === undefined ? placeholder() : (await loadEnvironment(env, options, host)).environment;
  const params = resolveParams(file.probe, parseSet(options.set ?? []));
  const given = env === undefined ? {} : { environment };
  const overrides = overridesOf(options, config, environment, file.probe.name);
  const plan = planProbe({ probe: file.probe, actions, params, overrides, ...given });
  const { package: pkg = 'PACKAGE', branch } = env === undefined ? plan.probe : targetOf(plan, environment);
  const target = { package: pkg, branch };
  const facts: PlanFacts = { run: { id: '<run.id>', probe: plan.probe.name, ...target }, env: environment };
  const known = { run: facts.run, env: environmentFacts(environment), probe: probeFacts(plan.probe), params };
  const steps = plan.steps.map((step) => ({ step, commands: commandsOf(step, facts, known) }));
  if (options.json === true) {
    host.stdout.write(
      `${JSON.stringify({ probe: plan.probe.name, ...target, steps: steps.map(asData) }, undefined, 2)}\n`,
    );
    return EXIT.passed;
  }
  const paint = painter(host.stdout);
  const head = `${plan.probe.name}: package ${target.package}, branch ${target.branch}, at most ${formatDuration(plan.probe.timeoutMs)}`;
  host.stdout.write(`${[head, ...steps.map((step) => stepText(step, paint))].join('\n\n')}\n`);
  return EXIT.passed;
}

interface StepPlan {
  readonly step: PlannedStep;
  readonly commands: readonly (readonly string[])[];
}

function commandsOf(
  step: PlannedStep,
  facts: PlanFacts,
  known: Parameters<typeof placeholderInputs>[1],
): readonly (readonly string[])[] {
  return step.action.definition.commands?.(placeholderInputs(step, known), facts) ?? [];
}

function asData({ step, commands }: StepPlan): object {
  const { id, uses, system, timeoutMs, attempts } = step;
  return {
    id,
    uses,
    system,
    timeout_ms: timeoutMs,
    attempts,
    inputs: describeBindings(step),
    commands,
  };
}

function stepText({ step, commands }: StepPlan, paint: Paint): string {
  const tries = step.attempts === 1 ? 'one attempt' : `${step.attempts} attempts`;
  return [
    `${step.index + 1}. ${paint('bold', step.id)}  ${step.uses}  (${step.system}, at most ${formatDuration(step.timeoutMs)}, ${tries})`,
    ...Object.entries(describeBindings(step)).map(([input, bound]) => `     ${input} ← ${bound}`),
    ...commands.map((words) => `     $ ${words.map(quoted).join(' ')}`),
  ].join('\n');
}

/** Without --env the commands are shown for an environment whose every name is a placeholder. */
function placeholder(): Environment {
  const url = 'http://ENVIRONMENT';
  return {
    name: 'any',
    systems: {
      fas: {},
      'dist-git': { url, namespace: 'rpms', client: 'fedpkg' },
      lookaside: { url },
      koji: { url, profile: 'koji', auth: 'kerberos' },
      signing: { user: 'autopen' },
      bodhi: { url },
      ci: { tests: ['fedora-ci.koji-build.tier0.functional'] },
      resultsdb: { url },
      greenwave: { url },
      waiverdb: { url },
      messaging: { topic_prefix: 'org.fedoraproject.prod' },
      datagrepper: { url },
    },
    identity: { user: 'USER', principal: 'USER@REALM', keytab: { file: 'KEYTAB' } },
    packages: { single: 'PACKAGE' },
    limits: {},
    commands: { path: [] },
    contact: url,
  };
}
