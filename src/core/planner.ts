import { bindInputs, type EarlierStep, expressionFault } from './binding.ts';
import { ConfigError, type FileFault } from './config-error.ts';
import { formatDuration } from './duration.ts';
import type { Environment } from './environment.ts';
import type { Surroundings } from './expression/check.ts';
import { parseExpression } from './expression/parse.ts';
import { ExpressionFault } from './expression/token.ts';
import type { Tree } from './expression/tree.ts';
import { nullable, objectOf, TEXT, type Type, UNKNOWN } from './expression/type.ts';
import { Fault } from './fault.ts';
import type { Json, JsonObject } from './json.ts';
import { jsonSchema, typeOfSchema } from './json-schema.ts';
import { defaultParams, paramsType } from './params.ts';
import {
  type FilePlace,
  type PlannedProbe,
  type PlannedStep,
  type ProbePlan,
  placeholderInputs,
} from './plan.ts';
import { NO_ACTION, type Probe, type Schedule, type StepEntry } from './probe.ts';
import { environmentFacts, environmentType, PROBE_TYPE, probeFacts, RUN_TYPE } from './scope.ts';
import type { Action, KnownInputs } from './step.ts';
import { nearest } from './suggest.ts';
import type { Charge } from './system.ts';
import { checkTemplate, readTemplate, renderTemplate } from './template.ts';
import { formatPath, type Path } from './yaml-document.ts';

const DEFAULT_ATTEMPTS = 3;
const DEFAULT_RETRY_DELAY_MS = 30_000;

/** What wins over the probe file; the caller has put the command line over the service's file. */
export interface ProbeOverrides {
  readonly package?: string | undefined;
  readonly branch?: string | undefined;
  readonly schedule?: Schedule | undefined;
  readonly objective?: number | undefined;
}

export interface PlanRequest {
  readonly probe: Probe;
  /** By name. */
  readonly actions: ReadonlyMap<string, Action>;
  /** Without it `env` is checked against what environments can have. */
  readonly environment?: Environment | undefined;
  /** As `resolveParams` gives them. Left out, the defaults stand, and what has none is not missed: nobody wants to run it yet. */
  readonly params?: JsonObject | undefined;
  readonly overrides?: ProbeOverrides | undefined;
  /** Probes that `confirm_with` may name, each with what it is confirmed with itself; unchecked where left out. */
  readonly probes?: ReadonlyMap<string, string | undefined> | undefined;
}

/** Plans a probe. Throws one ConfigError with everything that is wrong with its file, reading included. */
export function planProbe(request: PlanRequest): ProbePlan {
  const { probe: file } = request;
  if (file.document.broken) throw new ConfigError(file.faults);
  const planner = new Planner(request);
  const probe = planner.probe();
  const steps = planner.steps(probe);
  if (planner.faults.length > 0) throw new ConfigError(planner.faults);
  return { probe, steps };
}

class Planner {
  readonly faults: FileFault[];
  readonly #request: PlanRequest;

  constructor(request: PlanRequest) {
    this.#request = request;
    this.faults = [...request.probe.faults];
  }

  probe(): PlannedProbe {
    const { probe: definition, overrides = {}, environment, probes } = this.#request;
    const params = this.#request.params ?? defaultParams(definition.params);
    const { name, confirm_with } = definition;
    if (confirm_with !== undefined && probes !== undefined) this.#confirmation(name, confirm_with, probes);
    return {
      name: definition.name,
      description: definition.description,
      package:
        overrides.package ??
        this.#text('package', definition.package, params) ??
        environment?.packages.single,
      branch: overrides.branch ?? this.#text('branch', definition.branch, params) ?? definition.branch,
      timeoutMs: definition.timeout,
      schedule: overrides.schedule ?? definition.schedule,
      confirm_with,
      objective: overrides.objective ?? definition.objective,
      params,
    };
  }

  #confirmation(name: string, by: string, probes: ReadonlyMap<string, string | undefined>): void {
    const path = ['confirm_with'];
    if (by === name) {
      this.#blame(path, 'the probe itself: left out, a probe confirms its own failures');
    } else if (!probes.has(by)) {
      this.#blame(path, `no probe "${by}"`, nearest(by, probes.keys()));
    } else {
      // What leads back here would be confirmed by what it confirms; a circle of others is their fault.
      const way = [name];
      for (let next: string | undefined = by; next !== undefined; next = probes.get(next)) {
        if (next === name) this.#blame(path, `a circle of confirmations: ${[...way, name].join(' -> ')}`);
        if (way.includes(next)) break;
        way.push(next);
      }
    }
  }

  /** The package and the branch may come from `env` and `params`, which are known before a run. */
  #text(key: 'package' | 'branch', value: string | undefined, params: JsonObject): string | undefined {
    if (value === undefined) return undefined;
    const { environment, probe } = this.#request;
    const before = this.faults.length;
    const blame = (path: Path, fault: ExpressionFault) => this.#blameExpression(path, fault);
    const template = readTemplate(value, blame, [key]);
    const roots = { env: environmentType(environment), params: paramsType(probe.params) };
    checkTemplate(template, TEXT, { roots, condition: false }, blame, [key]);
    if (this.faults.length > before) return undefined;
    if (template.kind !== 'value' && environment === undefined) return undefined;
    const env = environment === undefined ? {} : environmentFacts(environment);
    try {
      return String(renderTemplate(template, { roots: { env, params } }));
    } catch (thrown) {
      if (!(thrown instanceof Fault)) throw thrown;
      this.#blame([key], thrown.message);
      return undefined;
    }
  }

  steps(probe: PlannedProbe): readonly PlannedStep[] {
    const entries = this.#request.probe.steps;
    const ids = this.#ids(entries);
    const earlier: EarlierStep[] = [];
    const planned: PlannedStep[] = [];
    for (const [index, entry] of entries.entries()) {
      const id = ids[index] ?? '';
      const surroundings = this.#surroundings(probe, earlier, id, ids.slice(index + 1));
      const action = this.#action(index, entry);
      const step = this.#step({ index, id, entry, action, surroundings, earlier, probe });
      if (step !== undefined) planned.push(step);
      if (id !== '' && !earlier.some((each) => each.id === id))
        earlier.push({ id, outputs: outputsOf(entry, action) });
    }
    return planned;
  }

  /** Left out, a step is called as the last part of its action: `koji/build` is `build`. */
  #ids(entries: readonly StepEntry[]): readonly string[] {
    const firstOf = new Map<string, number>();
    return entries.map(({ id: given, uses }, index) => {
      const id = given ?? uses.split('/').at(-1) ?? '';
      const first = firstOf.get(id);
      if (first === undefined) firstOf.set(id, index);
      else if (given !== undefined)
        this.#blame(['steps', index, 'id'], `steps[${first}] is called "${id}" already`);
      else if (id !== '') {
        this.#blame(
          ['steps', index, 'uses'],
          `steps[${first}] is called "${id}" already; give this step an \`id\``,
        );
      }
      return id;
    });
  }

  #surroundings(
    probe: PlannedProbe,
    earlier: readonly EarlierStep[],
    id: string,
    later: readonly string[],
  ): Surroundings {
    const { environment, probe: file } = this.#request;
    const packageIsKnown = probe.package !== undefined || environment === undefined;
    const steps = Object.fromEntries(earlier.map((step) => [step.id, step.outputs]));
    return {
      roots: {
        run: RUN_TYPE,
        env: environmentType(environment),
        probe: PROBE_TYPE(packageIsKnown),
        params: paramsType(file.params),
        steps: objectOf(steps),
      },
      condition: false,
      step: id,
      later: new Set(later),
    };
  }

  #action(index: number, { uses }: StepEntry): Action | undefined {
    const action = this.#request.actions.get(uses);
    if (action === undefined && uses !== NO_ACTION) {
      this.#blame(
        ['steps', index, 'uses'],
        `unknown action "${uses}"`,
        nearest(uses, this.#request.actions.keys()),
      );
    }
    return action;
  }

  #step(draft: Draft): PlannedStep | undefined {
    const { index, id, entry, action, surroundings, earlier, probe } = draft;
    const path = ['steps', index];
    const condition = this.#condition([...path, 'if'], entry.if, { ...surroundings, condition: true });
    if (entry.timeout !== undefined && entry.timeout > probe.timeoutMs) {
      const limit = formatDuration(probe.timeoutMs);
      this.#blame([...path, 'timeout'], `longer than the timeout of the whole probe, ${limit}`);
    }
    if (action === undefined) {
      this.#checkGiven(path, entry, surroundings);
      return undefined;
    }
    const { definition } = action;
    const faultsBefore = this.faults.length;
    const inputs = bindInputs({
      document: this.#request.probe.document,
      path,
      action,
      given: entry.with as JsonObject,
      earlier,
      surroundings,
      report: (fault) => this.faults.push(fault),
    });
    const known = this.#known({ id, action, inputs, place: this.#place(path) }, probe);
    const { repeatable } = definition;
    const isRepeatable = typeof repeatable === 'boolean' ? repeatable : repeatable(known);
    const attempts = entry.retry?.attempts ?? (isRepeatable ? DEFAULT_ATTEMPTS : 1);
    if (attempts > 1 && !isRepeatable) {
      this.#blame(
        [...path, 'retry', 'attempts'],
        `${action.uses} cannot be repeated; expected 1, got ${attempts}`,
      );
    }
    // Of inputs that are wrong nobody can tell whose they are.
    const areGood = this.faults.length === faultsBefore;
    const system = this.#system(path, entry, action, areGood ? known : undefined);
    return {
      index,
      id,
      name: entry.name ?? id,
      uses: action.uses,
      action,
      system,
      inputs,
      condition,
      always: entry.always,
      continue_on_failure: entry.continue_on_failure,
      timeoutMs: entry.timeout ?? Math.min(definition.timeoutMs, probe.timeoutMs),
      attempts,
      retryDelayMs: entry.retry?.delay ?? DEFAULT_RETRY_DELAY_MS,
      normalMs: entry.normal,
      place: this.#place(path),
    };
  }

  #condition(path: Path, text: string | boolean | undefined, surroundings: Surroundings): Tree | undefined {
    if (text === undefined) return undefined;
    if (typeof text === 'boolean') return { kind: 'literal', at: 0, value: text };
    const blame = (where: Path, fault: ExpressionFault) => this.#blameExpression(where, fault);
    let tree: Tree | undefined;
    // As in GitHub Actions, an `if` is an expression with or without the brackets around it.
    const open = /^\s*\$\{\{/.exec(text);
    try {
      const parsed = parseExpression(text, open?.[0].length ?? 0);
      if (text.slice(parsed.end).trim() !== '' || parsed.closed !== (open !== null)) {
        throw new ExpressionFault(0, `expected one expression, with or without \`\${{ }}\` around all of it`);
      }
      tree = parsed.tree;
    } catch (thrown) {
      if (!(thrown instanceof ExpressionFault)) throw thrown;
      blame(path, thrown);
      return undefined;
    }
    checkTemplate({ kind: 'expression', tree }, { kind: 'boolean' }, surroundings, blame, path);
    return tree;
  }

  /** Of a step whose action is unknown the expressions can still be judged. */
  #checkGiven(path: Path, entry: StepEntry, surroundings: Surroundings): void {
    const blame = (where: Path, fault: ExpressionFault) => this.#blameExpression(where, fault);
    for (const [name, value] of Object.entries(entry.with)) {
      const at = [...path, 'with', name];
      checkTemplate(readTemplate(value as Json, blame, at), UNKNOWN, surroundings, blame, at);
    }
  }

  /** What the file, the environment and the parameters tell of the inputs of a step; nothing where an expression has a fault. */
  #known(step: Parameters<typeof placeholderInputs>[0], probe: PlannedProbe): KnownInputs {
    const { environment } = this.#request;
    const env = environment === undefined ? {} : { env: environmentFacts(environment) };
    try {
      return placeholderInputs(step, { probe: probeFacts(probe), params: probe.params, ...env });
    } catch (thrown) {
      if (thrown instanceof Fault) return {};
      throw thrown;
    }
  }

  #system(path: Path, entry: StepEntry, { uses, definition }: Action, known?: KnownInputs): Charge {
    const { environment } = this.#request;
    const { systemOf } = definition;
    const told = known && environment && systemOf?.(known, environment);
    const system = entry.system ?? definition.system ?? told;
    if (system === undefined && known && environment && systemOf) {
      const whose = `what it asks belongs to no one system of environment ${environment.name}`;
      this.#blame([...path, 'uses'], `${uses} needs \`system:\` here, for ${whose}`);
    }
    // What stands for no system cannot break one: a failure of it is our own.
    if (system === undefined || system === 'own') return 'own';
    if (environment !== undefined && environment.systems[system] === undefined) {
      const key = entry.system === undefined ? 'uses' : 'system';
      this.#blame([...path, key], `environment ${environment.name} has no ${system}`);
    }
    return system;
  }

  #place(path: Path): FilePlace {
    const { document } = this.#request.probe;
    return { file: document.file, path: formatPath(path), ...document.placeOf(path) };
  }

  #blame(path: Path, message: string, near?: string): void {
    const { document } = this.#request.probe;
    const nearest = near === undefined ? {} : { did_you_mean: near };
    this.faults.push({ ...this.#place(path), file: document.file, message, ...nearest });
  }

  #blameExpression(path: Path, fault: ExpressionFault): void {
    this.faults.push(expressionFault(this.#request.probe.document, path, fault));
  }
}

interface Draft {
  readonly index: number;
  readonly id: string;
  readonly entry: StepEntry;
  readonly action: Action | undefined;
  readonly surroundings: Surroundings;
  readonly earlier: readonly EarlierStep[];
  readonly probe: PlannedProbe;
}

const OUTCOMES: Type = { kind: 'text', values: ['passed', 'failed', 'errored', 'cancelled', 'skipped'] };

/** What later steps can ask a step for. */
function outputsOf(entry: StepEntry, action: Action | undefined): Type {
  if (action === undefined) return UNKNOWN;
  const outputs = typeOfSchema(jsonSchema(action.definition.output, 'output'));
  if (outputs.kind !== 'object') return UNKNOWN;
  const members = Object.entries(outputs.members).map(([name, type]) => [
    name,
    entry.if === undefined ? type : nullable(type),
  ]);
  return objectOf({ ...Object.fromEntries(members), outcome: OUTCOMES });
}
