import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkExpression } from '../../src/core/expression/check.ts';
import { evaluate } from '../../src/core/expression/evaluate.ts';
import { parseExpression } from '../../src/core/expression/parse.ts';
import { ExpressionFault } from '../../src/core/expression/token.ts';
import { OPERATORS, printTree, type Tree } from '../../src/core/expression/tree.ts';
import { fits, objectOf, typeOfValue } from '../../src/core/expression/type.ts';
import { Fault } from '../../src/core/fault.ts';
import type { JsonObject } from '../../src/core/json.ts';

const NAMES = ['run', 'env', 'a', 'b-c', 'd_1', 'toString', 'contains'];
const name = fc.oneof(
  fc.constantFrom(...NAMES),
  fc.stringMatching(/^[a-z_][a-z0-9_-]{0,8}$/).filter((text) => !['true', 'false', 'null'].includes(text)),
);
const FUNCTIONS = ['contains', 'starts_with', 'ends_with', 'join', 'to_json', 'default', 'success', 'nope'];

const at = fc.constant(0);
const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 5, depthSize: 'small' },
    fc.record({
      kind: fc.constant('literal' as const),
      at,
      value: fc.oneof(
        fc.string({ unit: 'binary', maxLength: 12 }),
        fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (value === 0 ? 0 : value)),
        fc.boolean(),
        fc.constant(null),
      ),
    }),
    fc.record({ kind: fc.constant('name' as const), at, name }),
    fc.record({ kind: fc.constant('member' as const), at, object: tie('tree'), name, nameAt: at }),
    fc.record({ kind: fc.constant('index' as const), at, object: tie('tree'), index: tie('tree') }),
    fc.record({
      kind: fc.constant('call' as const),
      at,
      name: fc.constantFrom(...FUNCTIONS),
      args: fc.array(tie('tree'), { maxLength: 3 }),
    }),
    fc.record({ kind: fc.constant('not' as const), at, operand: tie('tree') }),
    fc.record({
      kind: fc.constant('binary' as const),
      at,
      operator: fc.constantFrom(...OPERATORS),
      left: tie('tree'),
      right: tie('tree'),
    }),
  ),
}));

const withoutPlaces = (each: Tree): unknown =>
  JSON.parse(JSON.stringify(each), (key, value) => (key === 'at' || key === 'nameAt' ? 0 : value));

test('an expression that is printed and read again is the same', () => {
  fc.assert(
    fc.property(tree, (each) => {
      const printed = printTree(each);
      // Longer ones are refused: nobody writes them.
      fc.pre(printed.length < 2000);
      expect(withoutPlaces(parseExpression(printed).tree)).toEqual(withoutPlaces(each));
    }),
    { numRuns: 500 },
  );
});

const roots = fc
  .dictionary(fc.constantFrom(...NAMES), fc.jsonValue({ maxDepth: 3 }))
  .map((value) => JSON.parse(JSON.stringify(value)) as JsonObject);

test('working an expression out gives a value or throws a Fault of ours, nothing else', () => {
  fc.assert(
    fc.property(tree, roots, fc.boolean(), (each, values, failed) => {
      try {
        expect(evaluate(each, { roots: values, failed })).toBeDefined();
      } catch (thrown) {
        if (!(thrown instanceof Fault)) throw thrown;
        expect(thrown).toMatchObject({ code: 'EXPRESSION_FAILED', kind: 'prober' });
      }
    }),
    { numRuns: 500 },
  );
});

test('reading any text gives an expression or a fault with a place in it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
      try {
        expect(parseExpression(text).end).toBeLessThanOrEqual(text.length);
      } catch (thrown) {
        if (!(thrown instanceof ExpressionFault)) throw thrown;
        expect(thrown.at).toBeLessThanOrEqual(text.length);
      }
    }),
    { numRuns: 500 },
  );
});

test('what the checker calls good works out, to a value of the type that it foretold', () => {
  fc.assert(
    fc.property(tree, roots, (each, values) => {
      const types = objectOf(
        Object.fromEntries(Object.entries(values).map(([key, value]) => [key, typeOfValue(value)])),
      );
      if (types.kind !== 'object') return;
      const { type, faults } = checkExpression(each, { roots: types.members, condition: true });
      fc.pre(faults.length === 0);
      let value: ReturnType<typeof evaluate>;
      try {
        value = evaluate(each, { roots: values, failed: false });
      } catch (thrown) {
        // What lists and mappings hold at a place that is itself worked out is only known then.
        if (!(thrown instanceof Fault)) throw thrown;
        expect(printTree(each)).toMatch(/\[|default|\./);
        return;
      }
      expect(fits(typeOfValue(value), type)).toBe(true);
    }),
    { numRuns: 1000 },
  );
});
