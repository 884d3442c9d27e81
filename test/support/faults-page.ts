import { SYSTEMS } from '../../src/core/system.ts';
import type { NamedFault } from '../../src/sandbox/faults/declared.ts';

/** The reference of all faults of the sandbox, made from their declarations. */
export function faultsPage(faults: ReadonlyMap<string, NamedFault>): string {
  const all = [...faults.values()];
  return `# Faults of the sandbox

What can be broken in a sandbox by its name, ${all.length} faults in all. This page is made from their files by \`npm run docs\`; how they are
switched on and off is in [sandbox.md](sandbox.md#faults). \`fas\` is the KDC where the name says so, else the identity provider of Bodhi.

*Outcome* and *charged to* are how a run of \`single-build\` ends with the fault, as far as that can be told from outside; \`own\` is packprobe, its
host or its configuration. \`npm run bench -- faults\` lets a run meet each of them.

${SYSTEMS.flatMap((system) =>
  sectionOf(
    system,
    all.filter((fault) => fault.system === system),
  ),
).join('\n\n')}
`;
}

function sectionOf(system: string, faults: readonly NamedFault[]): readonly string[] {
  if (faults.length === 0) return [];
  const rows = faults.map(
    ({ name, outcome, charge, says }) => `| \`${name}\` | ${outcome} | ${charge ?? '–'} | ${says} |`,
  );
  return [
    [
      `## ${system}`,
      '',
      '| name | outcome | charged to | what is broken |',
      '| --- | --- | --- | --- |',
      ...rows,
    ].join('\n'),
  ];
}
