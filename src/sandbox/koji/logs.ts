import type { Hub, LogFile, Task } from './hub.ts';
import type { FailingCommand } from './spec.ts';
import { timeText } from './stamps.ts';

/** Puts a file where `listTaskOutput` and the files' web server find it. */
export function writeFile(hub: Hub, task: Task, name: string, content: LogFile['content']): void {
  const file: LogFile = { content, written: hub.now() };
  task.files.set(name, file);
}

/** Path of a file of a task below `work`. */
export function taskPath(task: Task, name: string): string {
  return `tasks/${task.id % 10_000}/${task.id}/${name}`;
}

export interface MockRun {
  readonly arch: string;
  readonly nvr: string;
  /** What rpmbuild said; goes to build.log. */
  readonly buildLog: string;
  /** What the package manager said; goes to root.log. @defaultValue a quiet installation */
  readonly rootLog?: string;
  readonly exit: number;
}

/** The logs that mock leaves, good or bad; installed_pkgs.log only when the build came to its end. */
export function writeMockLogs(hub: Hub, task: Task, run: MockRun): readonly string[] {
  const at = timeText(hub.now()).slice(0, 19);
  const verdict = run.exit === 0 ? 'Child return code was: 0\n' : 'Child return code was: 1\n';
  const files: Record<string, string> = {
    'build.log': `Mock Version: 6.3\n${run.buildLog === '' ? targets(run.arch) : run.buildLog + verdict}`,
    'root.log': rootLog(run),
    'state.log': `${at} - Start: build phase for ${run.nvr}.src.rpm\n${at} - Finish: build phase for ${run.nvr}.src.rpm\n`,
    ...(task.method === 'buildArch'
      ? {
          'hw_info.log': `CPU info:\nArchitecture: ${builderArch(run.arch)}\nCPU(s): 4\n\nMemory:\nMem: 16384 total\n`,
          'mock_output.log': `INFO: mock.py version 6.3 starting\nStart: ${run.nvr}.src.rpm\n${run.exit === 0 ? '' : `ERROR: Command failed, exit ${run.exit}\n`}`,
          ...(run.exit === 0 ? { 'installed_pkgs.log': installedPackages(run) } : {}),
        }
      : {}),
  };
  for (const [name, content] of Object.entries(files)) writeFile(hub, task, name, content);
  return Object.keys(files);
}

/** What rpmbuild says before anything else. */
function targets(arch: string): string {
  return `Building target platforms: ${arch}\nBuilding for target ${arch}\n`;
}

/** What runs a build that is for no arch in particular. */
function builderArch(arch: string): string {
  return arch === 'noarch' ? 'x86_64' : arch;
}

/** Of the minimal buildroot; name-version-release, without the dist tag. */
const BUILDROOT = [
  'bash-5.3.0-2',
  'binutils-2.45-3',
  'bzip2-1.0.8-21',
  'coreutils-9.7-5',
  'cpio-2.15-6',
  'diffutils-3.12-3',
  'findutils-4.10.0-6',
  'gawk-5.3.2-2',
  'glibc-2.42-4',
  'glibc-common-2.42-4',
  'grep-3.12-2',
  'gzip-1.14-2',
  'info-7.2-6',
  'patch-2.8-2',
  'redhat-rpm-config-343-12',
  'rpm-build-6.0.0-1',
  'sed-4.9-5',
  'shadow-utils-4.18.0-3',
  'tar-1.35-6',
  'unzip-6.0-68',
  'util-linux-2.41.2-7',
  'which-2.23-3',
  'xz-5.8.1-4',
] as const;

function installedPackages({ nvr, arch }: MockRun): string {
  const [, release = ''] = /.*\.fc(\d+)/.exec(nvr) ?? [];
  const dist = release === '' ? '' : `.fc${release}`;
  const common = release === '' ? [] : [`fedora-release-common-${release}-0.12`];
  return [...BUILDROOT.map((one) => `${one}${dist}`), ...common]
    .sort()
    .map((one) => `${one}.${builderArch(arch)} 1763000000 ${one.length * 40_961} -\n`)
    .join('');
}

function rootLog({ arch, rootLog = '', exit }: MockRun): string {
  const start = `DEBUG util.py:  Updating and loading repositories:\nDEBUG util.py:  Installing group/module packages: ${arch}\n`;
  return `${start}${rootLog}${exit === 0 ? 'DEBUG util.py:  Complete!\n' : `DEBUG util.py:  Child return code was: ${exit}\n`}`;
}

/** A spec that cannot be read, in the words of `rpmbuild -bs`. */
export function specErrorLog(message: string): string {
  return `Building target platforms: noarch\nerror: ${message}\n\nRPM build errors:\n    ${message}\n`;
}

/** A source that neither git nor the lookaside cache has. */
export function badSourceLog(file: string): string {
  const text = `Bad source: /builddir/build/SOURCES/${file}: No such file or directory`;
  return `error: ${text}\n\nRPM build errors:\n    ${text}\n`;
}

/** A section whose command failed, in the words of `rpmbuild -bb`. */
export function failedSectionLog({ section, command, status }: FailingCommand): string {
  const script = '/var/tmp/rpm-tmp.5xQk2d';
  return `Executing(${section}): /bin/sh -e ${script}\n+ umask 022\n+ cd /builddir/build/BUILD\n+ ${command}\nerror: Bad exit status from ${script} (${section})\n\nRPM build errors:\n    Bad exit status from ${script} (${section})\n# exit status of the command: ${status}\n`;
}

/** A build that went well. */
export function goodBuildLog(nvr: string, rpms: readonly string[]): string {
  const wrote = rpms.map((rpm) => `Wrote: /builddir/build/RPMS/${rpm}\n`).join('');
  return `Building target platforms\nExecuting(%prep): /bin/sh -e /var/tmp/rpm-tmp.a1b2c3\nExecuting(%build): /bin/sh -e /var/tmp/rpm-tmp.d4e5f6\nExecuting(%install): /bin/sh -e /var/tmp/rpm-tmp.g7h8i9\nProcessing files: ${nvr}\n${wrote}`;
}

/** Koji's own words for how mock ended: the log to read depends on the number. */
export function mockResult(exit: number): string {
  const log = exit === 1 ? 'build.log or root.log' : exit === 10 ? 'build.log' : 'root.log';
  return `mock exited with status ${exit}; see ${log} for more information`;
}
