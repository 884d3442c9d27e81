import { fieldOf, isRequired, type PlannedInput } from './binding.ts';
import type { Place } from './config-error.ts';
import { evaluate } from './expression/evaluate.ts';
import { printTree, type Tree } from './expression/tree.ts';
import { Fault, type StepOutcome } from './fault.ts';
import type { Json, JsonObject } from './json.ts';
import { jsonSchema } from './json-schema.ts';
import type { Schedule } from './probe.ts';
import { describeValue, expectedOf, valueAt } from './schema-faults.ts';
import { rootsOf } from './scope.ts';
import type { Action, RunFacts } from './step.ts';
import type { Charge } from './system.ts';
import { printTemplate, renderTemplate, sketchTemplate } from './template.ts';
import { formatPath, type Path } from './yaml-document.ts';

/** Where a step or an input stands, for messages. */
export interface FilePlace extends Place {
  readonly file: string;
  /** `steps[3]` */
  readonly path: string;
}

export interface PlannedStep {
  /** From 0. */
  readonly index: number;
  readonly id: string;
  /** For people; the id where the file gives no name. */
  readonly name: string;
  readonly uses: string;
  readonly action: Action;
  /** Who is charged when a fault does not say; `own` where neither the file nor the action names a system. */
  readonly system: Charge;
  readonly inputs: ReadonlyMap<string, PlannedInput>;
  readonly condition: Tree | undefined;
  readonly always: boolean;
  readonly continue_on_failure: boolean;
  /** Over all attempts; never more than the probe's. */
  readonly timeoutMs: number;
  /** All tries, the first included. */
  readonly attempts: number;
  readonly retryDelayMs: number;
  readonly normalMs: number | undefined;
  readonly place: FilePlace;
}

export interface PlannedProbe {
  readonly name: string;
  readonly description: string;
  /** Undefined where neither the file nor the environment names one. */
  readonly package: string | undefined;
  readonly branch: string;
  readonly timeoutMs: number;
  readonly schedule: Schedule | undefined;
  readonly confirm_with: string | undefined;
  readonly objective: number | undefined;
  /** Every declared parameter that has a value. */
  readonly params: JsonObject;
}

/** A probe file, checked and filled in: all that is certain before anything runs. */
export interface ProbePlan {
  readonly probe: PlannedProbe;
  readonly steps: readonly PlannedStep[];
}

/** What is known of a step that has ended. */
export interface StepResult {
  readonly outcome: StepOutcome;
  /** Null for a step that did not pass: whatever is asked of it is null. */
  readonly outputs: JsonObject | null;
}

/** What expressions are worked out from. */
export interface Scope {
  readonly run: RunFacts;
  /** As {@link environmentFacts} makes it: never the environment itself, which knows where secrets are. */
  readonly env: JsonObject;
  /** As {@link probeFacts} makes it. */
  readonly probe: JsonObject;
  readonly params: JsonObject;
  /** By step id; the steps that have ended. */
  readonly steps: Readonly<Record<string, StepResult>>;
}

/** The inputs of a step, worked out and parsed by its action. Throws a Fault `EXPRESSION_FAILED` or `INPUT_INVALID` (prober) with the place. */
export function evaluateInputs(step: PlannedStep, scope: Scope): Record<string, unknown> {
  const { input } = step.action.definition;
  const values = collectInputs(step, scope);
  const result = input.safeParse(values, { error: (issue) => expectedOf(issue) });
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) => {
    const value = valueAt(values, path as Path);
    return `${formatPath(path as Path)}: expected ${message}, got ${value === undefined ? 'nothing' : describeValue(value)}`;
  });
  throw new Fault(
    `step "${step.id}" was given inputs that ${step.uses} does not take: ${problems.join('; ')}`,
    {
      code: 'INPUT_INVALID',
      kind: 'prober',
      evidence: { ...placeEvidence(step.place), inputs: problems },
      hint: `Mend ${placeText(step.place)}.`,
    },
  );
}

function collectInputs(step: PlannedStep, scope: Scope): JsonObject {
  const values: Record<string, Json> = {};
  // Gathered only where an expression asks: they grow with every step.
  let roots: JsonObject | undefined;
  for (const [name, planned] of step.inputs) {
    if (planned.from === 'file') {
      const { template } = planned;
      if (template.kind !== 'value') roots ??= rootsOf(scope);
      values[name] = withPlace(step, () => renderTemplate(template, { roots: roots ?? {} }));
      continue;
    }
    const value = scope.steps[planned.step]?.outputs?.[planned.output] ?? null;
    // What nobody asked for in so many words is left out rather than handed on as nothing.
    if (value !== null || isRequired(step.action, name)) values[name] = value;
  }
  return values;
}

/**
 * Whether a step runs. As in GitHub Actions, an `if` that does not ask for `success()` or `failure()` means `success() && …`; a step with
 * `always` does without. `failed`: an earlier step did not pass and did not let later ones go on.
 */
export function evaluateCondition(
  step: PlannedStep,
  scope: Scope,
  { failed }: { readonly failed: boolean },
): boolean {
  const { condition, always } = step;
  if (failed && !always && !(condition !== undefined && asksStatus(condition))) return false;
  if (condition === undefined) return true;
  const value = withPlace(step, () => evaluate(condition, { roots: rootsOf(scope), failed }));
  if (typeof value === 'boolean') return value;
  throw new Fault(`\`if\` of step "${step.id}" is ${describeValue(value)}, expected true or false`, {
    code: 'EXPRESSION_FAILED',
    kind: 'prober',
    evidence: placeEvidence(step.place),
    hint: `Mend ${placeText(step.place)}.`,
  });
}

function asksStatus(tree: Tree): boolean {
  return some(tree, (each) => each.kind === 'call' && (each.name === 'success' || each.name === 'failure'));
}

function some(tree: Tree, test: (tree: Tree) => boolean): boolean {
  return test(tree) || childrenOf(tree).some((child) => some(child, test));
}

function childrenOf(tree: Tree): readonly Tree[] {
  switch (tree.kind) {
    case 'literal':
    case 'name':
      return [];
    case 'member':
      return [tree.object];
    case 'index':
      return [tree.object, tree.index];
    case 'call':
      return tree.args;
    case 'not':
      return [tree.operand];
    case 'binary':
      return [tree.left, tree.right];
  }
}

function withPlace<Result>(step: Pick<PlannedStep, 'id' | 'place'>, work: () => Result): Result {
  try {
    return work();
  } catch (thrown) {
    if (!(thrown instanceof Fault)) throw thrown;
    throw new Fault(`step "${step.id}": ${thrown.message}`, {
      code: thrown.code,
      kind: thrown.kind,
      evidence: { ...thrown.evidence, ...placeEvidence(step.place) },
      hint: thrown.hint ?? `Mend ${placeText(step.place)}.`,
      cause: thrown,
    });
  }
}

function placeEvidence({ file, line, column, path }: FilePlace): JsonObject {
  return { file, line, column, path };
}

function placeText({ file, line, column, path }: FilePlace): string {
  return `${path} in ${file}:${line}:${column}`;
}

/** What every input of a step gets, as `plan` shows it; those that are simply absent are left out. */
export function describeBindings(step: PlannedStep): Readonly<Record<string, string>> {
  const { input } = step.action.definition;
  const { properties = {} } = jsonSchema(input, 'input');
  const lines = Object.keys(input.shape).flatMap((name): readonly (readonly [string, string])[] => {
    const planned = step.inputs.get(name);
    if (planned?.from === 'file') return [[name, printTemplate(planned.template)]];
    if (planned?.from === 'step') return [[name, `steps.${planned.step}.${planned.output}`]];
    const value = properties[name]?.default;
    if (value === undefined) return [];
    return [[name, `${typeof value === 'string' ? value : JSON.stringify(value)} (default)`]];
  });
  return Object.fromEntries(lines);
}

/** What of a step tells its inputs. */
type Bound = Pick<PlannedStep, 'id' | 'action' | 'inputs' | 'place'>;

/** The inputs as far as they are known before a run: what is not stands as `<steps.build.nvr>`, lists as lists of one such. */
export function placeholderInputs(
  step: Bound,
  known: Partial<Omit<Scope, 'steps'>> = {},
): Record<string, unknown> {
  const { input } = step.action.definition;
  const { properties = {} } = jsonSchema(input, 'input');
  const roots: JsonObject = JSON.parse(JSON.stringify(known));
  const isOpen = (tree: Tree) =>
    some(tree, (each) => each.kind === 'name' && !Object.hasOwn(roots, each.name));
  const sketch = (tree: Tree) => (isOpen(tree) ? `<${printTree(tree)}>` : undefined);
  const inputs: Record<string, unknown> = {};
  for (const name of Object.keys(input.shape)) {
    const planned = step.inputs.get(name);
    const value =
      planned === undefined
        ? undefined
        : planned.from === 'step'
          ? `<steps.${planned.step}.${planned.output}>`
          : withPlace(step, () => sketchTemplate(planned.template, { roots }, sketch));
    const isUnknown = typeof value === 'string' && /^<.*>$/.test(value);
    const parsed = fieldOf(step.action, name).safeParse(value);
    if (isUnknown && properties[name]?.type === 'array') inputs[name] = [value];
    else if (parsed.success) {
      if (parsed.data !== undefined) inputs[name] = parsed.data;
    } else inputs[name] = value;
  }
  return inputs;
}
