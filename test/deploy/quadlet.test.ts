import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readConfig } from '../../src/core/config.ts';
import { DEPLOY, readText } from './manifests.ts';

/** Keys of podman-systemd.unit(5) of Podman 5.4, which refuses a unit with any other. */
const KEYS: Readonly<Record<string, string>> = {
  Container: `AddCapability AddDevice AddHost Annotation AutoUpdate CgroupsMode ContainerName ContainersConfModule DNS DNSOption DNSSearch
    DropCapability Entrypoint Environment EnvironmentFile EnvironmentHost Exec ExposeHostPort GIDMap GlobalArgs Group GroupAdd HealthCmd
    HealthInterval HealthLogDestination HealthMaxLogCount HealthMaxLogSize HealthOnFailure HealthRetries HealthStartPeriod HealthStartupCmd
    HealthStartupInterval HealthStartupRetries HealthStartupSuccess HealthStartupTimeout HealthTimeout HostName Image IP IP6 Label
    LogDriver LogOpt Mask Mount Network NetworkAlias NoNewPrivileges Notify PidsLimit Pod PodmanArgs PublishPort Pull ReadOnly
    ReadOnlyTmpfs Rootfs RunInit SeccompProfile Secret SecurityLabelDisable SecurityLabelFileType SecurityLabelLevel SecurityLabelNested
    SecurityLabelType ShmSize StartWithPod StopSignal StopTimeout SubGIDMap SubUIDMap Sysctl Timezone Tmpfs UIDMap Ulimit Unmask User
    UserNS Volume WorkingDir`,
  Volume:
    'ContainersConfModule Copy Device Driver GlobalArgs Group Image Label Options PodmanArgs Type User VolumeName',
  // Of systemd.unit(5), systemd.service(5) and systemd.exec(5), only what we use: the list of all is long and grows.
  Unit: 'Description Wants After',
  Service: 'ExecReload MemoryMax Restart RestartSec TimeoutStartSec TimeoutStopSec',
  Install: 'WantedBy',
};

interface Entry {
  readonly section: string;
  readonly key: string;
  readonly value: string;
}

function entriesOf(text: string): readonly Entry[] {
  let section = '';
  return text.split('\n').flatMap((line) => {
    const head = /^\[(\w+)\]$/.exec(line);
    if (head !== null) {
      section = head[1] ?? '';
      return [];
    }
    if (line === '' || line.startsWith('#')) return [];
    const at = line.indexOf('=');
    return [{ section, key: line.slice(0, at), value: line.slice(at + 1) }];
  });
}

const units = readdirSync(join(DEPLOY, 'quadlet'));
const container = entriesOf(readText('quadlet/packprobe.container'));
const valuesOf = (key: string) => container.flatMap((entry) => (entry.key === key ? [entry.value] : []));

describe('the Quadlet units', () => {
  test.each(units)('%s uses documented keys, in the section where they belong', (name) => {
    for (const { section, key, value } of entriesOf(readText(`quadlet/${name}`))) {
      expect(KEYS[section]?.split(/\s+/) ?? [], `[${section}] ${key}`).toContain(key);
      expect(value).not.toBe('');
    }
  });

  test('the root is read-only, and the volume of the unit beside it is the one place to write to', () => {
    expect(valuesOf('ReadOnly')).toEqual(['true']);
    const writable = valuesOf('Volume').filter((volume) => !/:ro\b/.test(volume));
    expect(writable).toEqual(['packprobe-data.volume:/data:U']);
    expect(units).toContain('packprobe-data.volume');
  });

  test('it runs as no root, in the group that owns the data folder, without rights', () => {
    expect(valuesOf('User')).not.toEqual(['0']);
    expect(valuesOf('Group')).toEqual(['0']);
    expect(valuesOf('DropCapability')).toEqual(['all']);
    expect(valuesOf('NoNewPrivileges')).toEqual(['true']);
  });

  test('secrets come by name, for the user that runs it alone', () => {
    const [user] = valuesOf('User');
    for (const secret of valuesOf('Secret'))
      expect(secret).toMatch(new RegExp(`,uid=${user},gid=0,mode=0400$`));
    expect(valuesOf('Environment')).toEqual([]);
  });

  test('the port is that of the configuration in the image, on this host alone', () => {
    const { port } = readConfig('packprobe.yaml', readText('packprobe.yaml')).listen;
    expect(valuesOf('PublishPort')).toEqual([`127.0.0.1:${port}:${port}`]);
  });
});
