import { bytesOf } from './files.ts';
import {
  BUILD,
  type Build,
  type Host,
  type Hub,
  lineage,
  type Repo,
  type Rpm,
  TASK_NAMES,
  type Tag,
  type Task,
  type User,
} from './hub.ts';
import { rpmName, rpmsOf } from './rpms.ts';
import { msOf, type Stamp } from './stamps.ts';
import { childrenOf, findTask } from './tasks.ts';
import type { Value } from './value.ts';
import { ownEntry } from './value.ts';

/** A page for people, or a file; the links that the commands print lead here. */
export interface WebAnswer {
  readonly status: number;
  readonly type: string;
  readonly body: string | Buffer;
}

const STATES: ReadonlyMap<number, string> = new Map(
  Object.entries(BUILD).map(([name, state]) => [state, name]),
);
const REPO_STATES = ['init', 'ready', 'expired', 'deleted', 'problem'];
/** So many rows of a list, the newest first. */
const LONGEST_LIST = 200;

/** Html that is written as it stands; all else is escaped. */
class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

type Cell = Html | string | number | null;

/** What is under `/koji`: kojiweb in its simplest form. */
export function webAnswer(hub: Hub, path: string, query: URLSearchParams): WebAnswer {
  const name = path.replace(/^\/koji\/?/, '').replace(/\/$/, '');
  if (name === 'getfile') return taskFile(hub, query);
  const list = ownEntry(LISTS, name);
  if (list !== undefined) return page(list.title, list.rows(hub));
  const view = ownEntry(VIEWS, name);
  if (view === undefined) return failed(404, 'Error', `Not Found: ${path}`);
  const asked = query.get(view.key);
  if (asked === null || asked === '') return failed(500, 'Error', `Missing parameter: ${view.key}`);
  return view.show(hub, asked) ?? failed(500, 'Error', `No such ${view.what}: ${asked}`);
}

const LISTS: Readonly<Record<string, { title: string; rows: (hub: Hub) => readonly Html[] }>> = {
  '': {
    title: 'Koji',
    rows: () => [
      ul(
        ['tasks', 'builds', 'packages', 'tags', 'buildtargets', 'hosts', 'users'].map((one) =>
          link(one, one),
        ),
      ),
    ],
  },
  tasks: { title: 'Tasks', rows: (hub) => [ul(newest(hub.tasks).map((task) => taskLink(task)))] },
  builds: { title: 'Builds', rows: (hub) => [ul(newest(hub.builds).map((build) => buildLink(build)))] },
  packages: {
    title: 'Packages',
    rows: (hub) => [ul(hub.packages.map((one, index) => link(one, `packageinfo?packageID=${index + 1}`)))],
  },
  tags: {
    title: 'Tags',
    rows: (hub) => [ul(hub.tags.filter(({ revoked }) => revoked === null).map((tag) => tagLink(tag)))],
  },
  buildtargets: {
    title: 'Build Targets',
    rows: (hub) => [
      ul(
        hub.targets
          .filter(({ removed }) => !removed)
          .map((one) => html`${one.name}: ${tagLink(one.build_tag)} → ${tagLink(one.dest_tag)}`),
      ),
    ],
  },
  hosts: { title: 'Hosts', rows: (hub) => [ul(hub.hosts.map((host) => hostLink(host)))] },
  users: { title: 'Users', rows: (hub) => [ul(hub.users.map((user) => userLink(user)))] },
};

interface View {
  readonly key: string;
  readonly what: string;
  show(hub: Hub, asked: string): WebAnswer | undefined;
}

const VIEWS: Readonly<Record<string, View>> = {
  taskinfo: view('taskID', 'task ID', (hub, id) => findTask(hub, Number(id)), taskPage),
  buildinfo: view('buildID', 'build', (hub, id) => byIdOr(hub.builds, id, ({ nvr }) => nvr), buildPage),
  taginfo: view('tagID', 'tag', (hub, id) => byIdOr(hub.tags, id, ({ name }) => name), tagPage),
  repoinfo: view('repoID', 'repo', (hub, id) => byId(hub.repos, id), repoPage),
  rpminfo: view('rpmID', 'RPM', (hub, id) => byIdOr(hub.rpms, id, rpmName), rpmPage),
  hostinfo: view('hostID', 'host', (hub, id) => byIdOr(hub.hosts, id, ({ name }) => name), hostPage),
  userinfo: view('userID', 'user', (hub, id) => byIdOr(hub.users, id, ({ name }) => name), userPage),
  packageinfo: view(
    'packageID',
    'package',
    (hub, id) => hub.packages[Number(id) - 1] ?? hub.packages.find((name) => name === id),
    packagePage,
  ),
};

function view<Thing>(
  key: string,
  what: string,
  find: (hub: Hub, asked: string) => Thing | undefined,
  show: (hub: Hub, found: Thing) => WebAnswer,
): View {
  return {
    key,
    what,
    show(hub, asked) {
      const found = find(hub, asked);
      return found === undefined ? undefined : show(hub, found);
    },
  };
}

function byId<Row extends { readonly id: number }>(rows: readonly Row[], id: string): Row | undefined {
  return rows.find((row) => row.id === Number(id));
}

function byIdOr<Row extends { readonly id: number }>(
  rows: readonly Row[],
  asked: string,
  name: (row: Row) => string,
): Row | undefined {
  return byId(rows, asked) ?? rows.find((row) => name(row) === asked);
}

function taskPage(hub: Hub, task: Task): WebAnswer {
  const build = hub.builds.find((one) => one.task === task);
  const parent = task.parent === null ? undefined : findTask(hub, task.parent);
  return page(`${label(task)} | Task Info`, [
    table([
      ['ID', task.id],
      ['Method', task.method],
      ['Parameters', task.request.map(shown).join(', ')],
      ['State', (TASK_NAMES[task.state] ?? '').toLowerCase()],
      ...(build === undefined ? [] : [['Build', buildLink(build)] as const]),
      ['Created', moment(task.create_ts)],
      ['Started', moment(task.start_ts)],
      ['Completed', moment(task.completion_ts)],
      ['Owner', userLink(task.owner)],
      ['Arch', task.arch],
      ['Host', task.host === null ? '' : hostLink(task.host)],
      ...(parent === undefined ? [] : [['Parent', taskLink(parent)] as const]),
      ['Descendants', ul(childrenOf(hub, task).map((child) => taskLink(child)))],
      ['Result', task.fault?.text ?? shown(task.result)],
      ['Output', ul([...task.files.keys()].map((file) => fileLink(hub, task, file)))],
    ]),
  ]);
}

function buildPage(hub: Hub, build: Build): WebAnswer {
  const tags = hub.taggings.filter((one) => one.build === build && one.revoked === null);
  return page(`${build.nvr} | Build Info`, [
    table([
      ['ID', build.id],
      ['Package Name', packageLink(build)],
      ['Version', build.version],
      ['Release', build.release],
      ['Epoch', build.epoch],
      ['Source', build.source],
      ['Built by', userLink(build.owner)],
      ['State', STATES.get(build.state) ?? ''],
      ['Started', moment(build.start_ts)],
      ['Completed', moment(build.completion_ts)],
      ['Task', build.task === null ? '' : taskLink(build.task)],
      ['Tags', ul(tags.map(({ tag }) => tagLink(tag)))],
      ['RPMs', ul(rpmsOf(hub.rpms, build).map((rpm) => rpmLink(hub, rpm)))],
    ]),
  ]);
}

function tagPage(hub: Hub, tag: Tag): WebAnswer {
  const builds = hub.taggings.filter((one) => one.tag === tag && one.revoked === null);
  const targets = hub.targets.filter(
    (one) => !one.removed && (one.build_tag === tag || one.dest_tag === tag),
  );
  return page(`${tag.name} | Tag Info`, [
    table([
      ['Name', tag.name],
      ['ID', tag.id],
      ['Arches', tag.arches],
      ['Locked', tag.locked ? 'yes' : 'no'],
      ['Permission', tag.perm ?? 'none'],
      ['Inheritance', ul(lineage(hub, tag).map((one) => tagLink(one)))],
      ['Targets', ul(targets.map(({ name }) => html`${name}`))],
      ['Tagged Builds', ul(newest(builds).map(({ build }) => buildLink(build)))],
    ]),
  ]);
}

function repoPage(_hub: Hub, repo: Repo): WebAnswer {
  return page(`Repo ${repo.id} | Repo Info`, [
    table([
      ['ID', repo.id],
      ['Tag', tagLink(repo.tag)],
      ['Task', repo.task === null ? '' : taskLink(repo.task)],
      ['State', REPO_STATES[repo.state] ?? ''],
      ['Event', `${repo.created.id} (${moment(repo.created.ts)})`],
      ['State changed', moment(repo.state_ts)],
    ]),
  ]);
}

function rpmPage(hub: Hub, rpm: Rpm): WebAnswer {
  return page(`${rpmName(rpm)}.rpm | RPM Info`, [
    table([
      ['ID', rpm.id],
      ['Name', rpm.name],
      ['Version', rpm.build.version],
      ['Release', rpm.build.release],
      ['Arch', rpm.arch],
      ['Build', buildLink(rpm.build)],
      ['Signatures', [...rpm.signatures.keys()].filter((key) => key !== '').join(', ')],
      ['Download', rpmLink(hub, rpm)],
    ]),
  ]);
}

function hostPage(hub: Hub, host: Host): WebAnswer {
  const working = hub.tasks.filter((task) => task.host === host && task.completion_ts === null);
  return page(`${host.name} | Host Info`, [
    table([
      ['Name', host.name],
      ['ID', host.id],
      ['Arches', host.arches.join(' ')],
      ['Capacity', host.capacity],
      ['Description', host.description],
      ['Comment', host.comment],
      ['Enabled?', host.enabled ? 'yes' : 'no'],
      ['Tasks', ul(working.map((task) => taskLink(task)))],
    ]),
  ]);
}

function userPage(hub: Hub, user: User): WebAnswer {
  return page(`${user.name} | User Info`, [
    table([
      ['Name', user.name],
      ['ID', user.id],
      ['Tasks', ul(newest(hub.tasks.filter((task) => task.owner === user)).map((task) => taskLink(task)))],
      ['Builds', ul(newest(hub.builds.filter((one) => one.owner === user)).map((one) => buildLink(one)))],
    ]),
  ]);
}

function packagePage(hub: Hub, name: string): WebAnswer {
  const listed = hub.packageList.filter((one) => one.package_name === name && one.revoked === null);
  return page(`${name} | Package Info`, [
    table([
      ['Name', name],
      ['ID', hub.packages.indexOf(name) + 1],
      ['Builds', ul(newest(hub.builds.filter((one) => one.name === name)).map((one) => buildLink(one)))],
      ['Tags', ul(listed.map(({ tag }) => tagLink(tag)))],
    ]),
  ]);
}

function taskFile(hub: Hub, query: URLSearchParams): WebAnswer {
  const id = query.get('taskID') ?? '';
  const name = query.get('name') ?? '';
  const task = findTask(hub, Number(id));
  const file = task?.files.get(name);
  if (task === undefined) return failed(500, 'Error', `No such task ID: ${id}`);
  if (file === undefined) return failed(500, 'Error', `No file "${name}" output by task ${id}`);
  const bytes = bytesOf(file);
  const offset = Number(query.get('offset') ?? '0');
  // A negative offset counts from the end: that is how a page shows the last of a log.
  const body = bytes.subarray(offset < 0 ? Math.max(0, bytes.length + offset) : offset);
  return { status: 200, type: /\.log$/.test(name) ? 'text/plain' : 'application/octet-stream', body };
}

function taskLink(task: Task): Html {
  const state = (TASK_NAMES[task.state] ?? '').toLowerCase();
  return html`${link(label(task), `taskinfo?taskID=${task.id}`)} ${state}`;
}

function buildLink(build: Build): Html {
  return html`${link(build.nvr, `buildinfo?buildID=${build.id}`)} ${STATES.get(build.state) ?? ''}`;
}

function tagLink(tag: Tag): Html {
  return link(tag.name, `taginfo?tagID=${tag.id}`);
}

function userLink(user: User): Html {
  return link(user.name, `userinfo?userID=${user.id}`);
}

function hostLink(host: Host): Html {
  return link(host.name, `hostinfo?hostID=${host.id}`);
}

function packageLink({ name, package_id }: Build): Html {
  return link(name, `packageinfo?packageID=${package_id}`);
}

function rpmLink(hub: Hub, rpm: Rpm): Html {
  const { name, version, release } = rpm.build;
  const file = `${rpmName(rpm)}.rpm`;
  const url = `${hub.url}/kojifiles/packages/${name}/${version}/${release}/${rpm.arch}/${file}`;
  return html`${link(file, `rpminfo?rpmID=${rpm.id}`)} ${link('download', url)}`;
}

function fileLink(hub: Hub, task: Task, file: string): Html {
  return link(file, `${hub.url}/kojifiles/work/tasks/${task.id % 10_000}/${task.id}/${file}`);
}

/** As the commands name a task in a list. */
function label({ method, request, arch }: Task): string {
  if (method === 'build') return `build (${shown(request[1] ?? null)}, ${shortSource(request[0] ?? null)})`;
  if (method === 'buildSRPMFromSCM') return `${method} (${shortSource(request[0] ?? null)})`;
  if (method === 'buildArch') return `${method} (${shortSource(request[0] ?? null)}, ${arch})`;
  return `${method} (${arch})`;
}

function shortSource(source: Value): string {
  const text = shown(source);
  if (!text.includes('://')) return text.slice(text.lastIndexOf('/') + 1);
  return text.replace(/^[^:]+:\/\/[^/]*/, '').replace('#', ':');
}

function shown(value: Value): string {
  return value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value);
}

function moment(stamp: Stamp | null): string {
  return stamp === null ? '' : new Date(msOf(stamp)).toUTCString().replace('GMT', 'UTC');
}

function newest<Row>(rows: readonly Row[]): readonly Row[] {
  return rows.slice(-LONGEST_LIST).reverse();
}

function page(title: string, parts: readonly Html[], status = 200): WebAnswer {
  const heading = title.split(' | ')[0] ?? title;
  const body = html`<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>${title} | koji</title></head>
<body>
<p>${link('Koji', '/koji/')}</p>
<h4>${heading}</h4>
${parts.length === 0 ? '' : new Html(parts.map(({ text }) => text).join('\n'))}
</body>
</html>
`;
  return { status, type: 'text/html; charset=utf-8', body: body.text };
}

function failed(status: number, title: string, text: string): WebAnswer {
  return page(title, [html`<p>${text}</p>`], status);
}

function table(rows: readonly (readonly [string, Cell])[]): Html {
  const lines = rows.map(
    ([name, cell]) => html`<tr><th align="left" valign="top">${name}</th><td>${cell}</td></tr>\n`,
  );
  return new Html(`<table>\n${lines.map(({ text }) => text).join('')}</table>`);
}

function ul(items: readonly Html[]): Html {
  return new Html(`<ul>${items.map(({ text }) => `<li>${text}</li>`).join('\n')}</ul>`);
}

/** Relative to the folder of the pages, unless it is a whole address. */
function link(text: string, to: string): Html {
  const href = /^(\/|\w+:\/\/)/.test(to) ? to : `/koji/${to}`;
  return html`<a href="${href}">${text}</a>`;
}

function html(parts: TemplateStringsArray, ...cells: readonly Cell[]): Html {
  return new Html(parts.reduce((text, part, index) => `${text}${written(cells[index - 1] ?? null)}${part}`));
}

function written(cell: Cell): string {
  if (cell instanceof Html) return cell.text;
  const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return String(cell ?? '').replaceAll(/[&<>"]/g, (sign) => escapes[sign] ?? sign);
}
