import { Crash } from '../resultsdb/flask.ts';
import { repr } from '../resultsdb/python.ts';
import { GatingYamlError, momentOf, obsolete } from './gating-yaml.ts';
import type { Policy, Rule } from './policy.ts';

type Data = Readonly<Record<string, unknown>>;

/** A policy that came with the request: it applies whatever the context, and its remote rules take every policy of the file. */
export function onDemandPolicy(data: Data): Policy {
  const optionalText = (name: string, fallback: string) => {
    const value = data[name];
    return value === undefined || value === null ? fallback : String(value);
  };
  const id = optionalText('id', 'on-demand-policy');
  const versions = attribute('product_versions', () => readTexts([data['product_version']]));
  const rules = attribute('rules', () => readRules(data['rules']));
  return {
    id,
    productVersions: versions,
    decisionContext: 'on-demand-policy',
    decisionContexts: [],
    subjectType: null,
    rules,
    excludedPackages: attribute('excluded_packages', () => readTexts(data['excluded_packages'])),
    packages: attribute('packages', () => readTexts(data['packages'])),
    source: null,
  };
}

function attribute<Value>(name: string, read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof GatingYamlError)) throw error;
    throw new GatingYamlError(`Attribute '${name}': ${error.message}`, { cause: error });
  }
}

function items(value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (typeof value === 'string') return [...value];
  if (typeof value !== 'object') throw new Crash(`${repr(value)} object is not iterable`);
  return Array.isArray(value) ? value : Object.keys(value);
}

function readTexts(value: unknown): readonly string[] {
  return items(value).map((item) => {
    if (typeof item !== 'string') throw new GatingYamlError('Expected list of str objects');
    return item;
  });
}

function readRules(value: unknown): readonly Rule[] {
  const read = items(value).map((item) =>
    typeof item === 'object' && item !== null && !Array.isArray(item) ? readRule(item as Data) : undefined,
  );
  return read.map((rule) => {
    if (rule === undefined) throw new GatingYamlError('Expected list of Rule objects');
    return rule;
  });
}

function readRule(data: Data): Rule {
  const type = data['type'];
  if (!type) throw new GatingYamlError("Key 'type' is required for each list item");
  if (type === 'RemoteRule') {
    const required = data['required'] ?? false;
    const sources = attribute('sources', () => readTexts(data['sources']));
    if (typeof required !== 'boolean') {
      throw new GatingYamlError(`Attribute 'required': Expected a boolean value, got: ${String(required)}`);
    }
    return { kind: 'RemoteRule', required, sources };
  }
  if (type === 'PackageSpecificBuild' || type === 'FedoraAtomicCi') {
    throw new GatingYamlError(obsolete(`!${type}`));
  }
  if (type !== 'PassingTestCaseRule') {
    throw new GatingYamlError(`Key 'type' for an list item is not valid: ${String(type)}`);
  }
  const name = data['test_case_name'];
  if (name === undefined || name === null) {
    throw new GatingYamlError("Attribute 'test_case_name' is required");
  }
  const moment = (key: string) => {
    const given = data[key];
    return given === undefined || given === null ? null : attribute(key, () => momentOf(String(given)));
  };
  const scenario = data['scenario'];
  return {
    kind: 'PassingTestCaseRule',
    testCase: String(name),
    scenario: scenario === undefined || scenario === null ? null : String(scenario),
    validSince: moment('valid_since'),
    validUntil: moment('valid_until'),
  };
}
