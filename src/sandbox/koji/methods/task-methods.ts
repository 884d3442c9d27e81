import { generic, KojiFault, notAllowed } from '../faults.ts';
import { bytesOf } from '../files.ts';
import { BUILD, findBuild, type Hub, hasPerm, type LogFile, mustFindBuild, TASK, type Task } from '../hub.ts';
import { type Methods, read, write } from '../method.ts';
import { listFilter, page, scalarFilter, toInt, wrongType } from '../query.ts';
import { flag, mustBeUser, mustHavePerm } from '../sessions.ts';
import { readStamp } from '../stamps.ts';
import {
  cancelTask,
  childrenOf,
  endBuild,
  findTask,
  hasEnded,
  newTask,
  resultOf,
  taskStruct,
} from '../tasks.ts';
import { Float, isList, isStruct, ownEntry, type Struct, type Value } from '../value.ts';
import { encodeCall, encodeFault, encodeResponse } from '../xmlrpc.ts';

function mustFindRow(hub: Hub, id: Value): Task {
  const task = findTask(hub, toInt(id));
  if (task === undefined) throw generic('query returned no rows');
  return task;
}

/** Values of a `listTasks` filter: one, several, or nil for "is null". */
function wanted(value: Value, column: string): readonly Value[] {
  const line = 5;
  if (value === null) return [null];
  return isList(value)
    ? listFilter({ name: column, type: 'integer', line }, value)
    : [scalarFilter({ name: column, type: 'integer', line }, value)];
}

type Test = (task: Task) => boolean;

const IDS: Readonly<Record<string, (task: Task) => number | null>> = {
  owner: (task) => task.owner.id,
  host_id: (task) => task.host?.id ?? null,
  channel_id: (task) => task.channel,
  parent: (task) => task.parent,
};

const LISTS: Readonly<Record<string, { type: 'integer' | 'text'; of: (task: Task) => Value }>> = {
  state: { type: 'integer', of: (task) => task.state },
  arch: { type: 'text', of: (task) => task.arch },
};

const TIMES: Readonly<Record<string, [string, (task: Task) => number | null]>> = {
  created: ['create_time', (task) => task.create_ts],
  started: ['start_time', (task) => task.start_ts],
  complete: ['completion_time', (task) => task.completion_ts],
  completed: ['completion_time', (task) => task.completion_ts],
};

function testsOf(opts: Struct): readonly Test[] {
  const tests: Test[] = [];
  for (const [key, value] of Object.entries(opts)) {
    const negated = key.startsWith('not_');
    const name = negated ? key.slice(4) : key;
    const list = ownEntry(LISTS, name);
    const id = ownEntry(IDS, name);
    const time = /^(created|started|completed?)(After|Before)$/.exec(key);
    if (list !== undefined) {
      const values = listFilter({ name, type: list.type, line: 5 }, value);
      tests.push((task) => values.includes(list.of(task)) !== negated);
    } else if (id !== undefined) {
      const values = wanted(value, name);
      tests.push((task) => values.includes(id(task)) !== negated);
    } else if (key === 'method') {
      const method = scalarFilter({ name: 'method', type: 'text', line: 5 }, value);
      tests.push((task) => task.method === method);
    } else if (time !== null && value !== null) {
      const [column, of] = TIMES[time[1] ?? ''] ?? ['create_time', (task: Task) => task.create_ts];
      const after = time[2] === 'After';
      const bound = readStamp(value, column, after ? '>' : '<', 5);
      tests.push((task) => {
        const stamp = of(task);
        return stamp !== null && (after ? stamp > bound : stamp < bound);
      });
    }
  }
  return tests;
}

function listedStruct(task: Task, decode: boolean): Struct {
  const { request: _, ...common } = taskStruct(task, true);
  const { owner } = task;
  return Object.fromEntries(
    Object.entries({
      ...common,
      owner_name: owner.name,
      owner_type: owner.usertype,
      request: decode ? task.request : encodeCall(task.method, task.request),
      result: decode ? decodedResult(task) : encodedResult(task),
    }).toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
}

function decodedResult(task: Task): Value {
  if (task.fault !== null) return { faultCode: task.fault.code, faultString: task.fault.text };
  return task.state === TASK.closed ? [task.result] : null;
}

function encodedResult(task: Task): Value {
  if (task.fault !== null) return encodeFault({ code: task.fault.code, message: task.fault.text });
  return task.state === TASK.closed ? encodeResponse(task.result) : null;
}

function statStruct(file: LogFile): Struct {
  const stamp = new Float(file.written);
  return {
    st_atime: stamp,
    st_ctime: stamp,
    st_mtime: stamp,
    st_size: String(bytesOf(file).length),
  };
}

function tree(hub: Hub, task: Task, request: boolean): Struct {
  const children = childrenOf(hub, task);
  return Object.assign(
    { [String(task.id)]: children.map((child) => taskStruct(child, request)) },
    ...children.map((child) => tree(hub, child, request)),
  );
}

function mustOwn(task: Task, caller: Parameters<typeof mustBeUser>[0]): void {
  const user = caller.session?.user;
  if (user === task.owner || hasPerm(user, 'admin')) return;
  throw notAllowed('Cannot cancel task, not owner');
}

/** Tasks: reading, waiting, output, and what their owners may do with them. */
export const taskMethods: Methods = {
  getTaskInfo: read(
    'RootExports.getTaskInfo(task_id, request=False, strict=False)',
    ({ task_id = null, request, strict }, { hub }) => {
      const one = (id: Value) => {
        const task = findTask(hub, toInt(id));
        if (task === undefined && flag(strict)) throw generic('query returned no rows');
        return task === undefined ? null : taskStruct(task, flag(request));
      };
      return isList(task_id) ? task_id.map(one) : one(task_id);
    },
  ),
  getTaskChildren: read(
    'RootExports.getTaskChildren(task_id, request=False, strict=False)',
    ({ task_id = null, request, strict }, { hub }) => {
      const task = findTask(hub, toInt(task_id));
      if (task === undefined && flag(strict)) throw generic('query returned no rows');
      return task === undefined ? [] : childrenOf(hub, task).map((child) => taskStruct(child, flag(request)));
    },
  ),
  getTaskDescendents: read(
    'RootExports.getTaskDescendents(task_id, request=False)',
    ({ task_id = null, request }, { hub }) => {
      const id = toInt(task_id);
      const task = findTask(hub, id);
      return task === undefined ? { [String(id)]: [] } : tree(hub, task, flag(request));
    },
  ),
  getTaskRequest: read(
    'RootExports.getTaskRequest(taskId)',
    ({ taskId = null }, { hub }) => mustFindRow(hub, taskId).request,
  ),
  getTaskResult: read(
    'RootExports.getTaskResult(taskId, raise_fault=True)',
    ({ taskId = null, raise_fault }, { hub }) => {
      const task = findTask(hub, toInt(taskId));
      if (task === undefined) throw generic('No such task');
      if (task.fault === null) return resultOf(task);
      const { code, text } = task.fault;
      if (flag(raise_fault)) throw new KojiFault(code, text, { relayed: true });
      return { faultCode: code, faultString: text };
    },
  ),
  taskFinished: read('RootExports.taskFinished(taskId)', ({ taskId = null }, { hub }) =>
    hasEnded(mustFindRow(hub, taskId)),
  ),
  listTasks: read(
    'RootExports.listTasks(opts=None, queryOpts=None)',
    ({ opts, queryOpts = null }, { hub }) => {
      const given: Struct = isStruct(opts) ? opts : {};
      const tests = testsOf(given);
      const found = hub.tasks.filter((task) => tests.every((test) => test(task)));
      return page(
        found.map((task) => listedStruct(task, flag(given['decode']))),
        queryOpts,
      );
    },
  ),
  listTaskOutput: read(
    'list_task_output(taskID, stat=False, all_volumes=False, strict=False)',
    ({ taskID = null, stat, all_volumes, strict }, { hub }) => {
      const task = findTask(hub, toInt(taskID));
      if (task === undefined && flag(strict)) throw generic("Task doesn't exist");
      const files = [...(task?.files ?? [])];
      if (!flag(stat) && !flag(all_volumes)) return files.map(([name]) => name);
      return Object.fromEntries(
        files.map(([name, file]) => {
          if (!flag(stat)) return [name, ['DEFAULT']];
          return [name, flag(all_volumes) ? { DEFAULT: statStruct(file) } : statStruct(file)];
        }),
      );
    },
  ),
  downloadTaskOutput: read(
    'RootExports.downloadTaskOutput(taskID, fileName, offset=0, size=-1, volume=None)',
    ({ taskID = null, fileName = null, offset = 0, size = -1 }, { hub }) => {
      const name = String(fileName);
      if (name.includes('..')) throw generic(`Invalid file name: ${name}`);
      const id = toInt(taskID);
      const file = findTask(hub, id)?.files.get(name);
      if (file === undefined) throw generic(`no file "${name}" output by task ${id}`);
      const bytes = bytesOf(file);
      const start = toInt(offset) < 0 ? Math.max(0, bytes.length + toInt(offset)) : toInt(offset);
      const end = toInt(size) < 0 ? bytes.length : start + toInt(size);
      return bytes.subarray(start, end).toString('base64');
    },
  ),
  build: write(
    'RootExports.build(src, target, opts=None, priority=None, channel=None)',
    ({ src = null, target = null, opts, priority }, { hub, caller }) => {
      const owner = mustBeUser(caller);
      const step = typeof priority === 'number' ? priority : 0;
      if (step < 0 && !hasPerm(owner, 'admin')) {
        throw notAllowed('only admins may create high-priority tasks');
      }
      const request = [src, target, isStruct(opts) ? opts : {}];
      const task = newTask(hub, { method: 'build', request, owner, priority: 20 + step });
      hub.start(task);
      return task.id;
    },
  ),
  chainBuild: write(
    'RootExports.chainBuild(srcs, target, opts=None, priority=None, channel=None)',
    ({ srcs = null, target = null, opts, priority }, { hub, caller }) => {
      const owner = mustBeUser(caller);
      if (!isList(srcs)) throw wrongType(srcs, 'list');
      const step = typeof priority === 'number' ? priority : 0;
      if (step < 0 && !hasPerm(owner, 'admin')) {
        throw notAllowed('only admins may create high-priority tasks');
      }
      const request = [srcs, target, isStruct(opts) ? opts : {}];
      const task = newTask(hub, { method: 'chainbuild', request, owner, priority: 20 + step });
      hub.start(task);
      return task.id;
    },
  ),
  cancelTask: write(
    'RootExports.cancelTask(task_id, recurse=True)',
    ({ task_id = null, recurse }, { hub, caller }) => {
      const id = toInt(task_id);
      const task = findTask(hub, id);
      if (task === undefined) throw generic(`No such task: ${id}`);
      mustOwn(task, caller);
      cancelTask(hub, task, flag(recurse));
      return null;
    },
  ),
  cancelTaskFull: write(
    'RootExports.cancelTaskFull(task_id, strict=True)',
    ({ task_id = null }, { hub, caller }) => {
      mustHavePerm(caller, 'admin');
      cancelTask(hub, mustFindRow(hub, task_id));
      return null;
    },
  ),
  cancelBuild: write(
    'RootExports.cancelBuild(buildID, strict=False)',
    ({ buildID = null, strict }, { hub, caller }) => {
      const user = mustBeUser(caller);
      const build = flag(strict) ? mustFindBuild(hub, buildID) : findBuild(hub, buildID);
      if (build === undefined) return false;
      if (build.owner !== user && !hasPerm(user, 'admin')) {
        throw notAllowed('Cannot cancel build, not owner');
      }
      if (build.state !== BUILD.building) return false;
      if (build.task === null) endBuild(hub, build, BUILD.canceled);
      else cancelTask(hub, build.task);
      return true;
    },
  ),
  resubmitTask: write('RootExports.resubmitTask(taskID)', ({ taskID = null }, { hub, caller }) => {
    const user = mustBeUser(caller);
    const task = mustFindRow(hub, taskID);
    if (task.state !== TASK.canceled && task.state !== TASK.failed) {
      throw generic('only canceled or failed tasks may be resubmitted');
    }
    if (task.parent !== null) throw generic('only top-level tasks may be resubmitted');
    if (task.owner !== user && !hasPerm(user, 'admin')) {
      throw generic('only the task owner or an admin may resubmit a task');
    }
    const { method, request, owner, arch, label, channel, priority } = task;
    const again = newTask(hub, { method, request, owner, arch, label, channel, priority });
    hub.start(again);
    return again.id;
  }),
  setTaskPriority: write(
    'RootExports.setTaskPriority(task_id, priority, recurse=True)',
    ({ task_id = null, priority = null }, { hub, caller }) => {
      mustHavePerm(caller, 'admin');
      mustFindRow(hub, task_id).priority = toInt(priority);
      return null;
    },
  ),
};
