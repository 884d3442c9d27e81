/** A task as the hub tells it, as far as the client shows it. */
export interface TaskInfo {
  readonly id: number;
  readonly method: string;
  readonly arch: string;
  readonly state: number;
  readonly host_id?: number | null;
  readonly parent?: number | null;
  readonly priority?: number;
  readonly owner?: number | null;
  readonly owner_name?: string;
  readonly request?: readonly unknown[];
  readonly create_ts?: number | null;
  readonly start_ts?: number | null;
  readonly completion_ts?: number | null;
}

export const TASK_STATES = ['FREE', 'OPEN', 'CLOSED', 'CANCELED', 'ASSIGNED', 'FAILED'] as const;
export const BUILD_STATES = ['BUILDING', 'COMPLETE', 'DELETED', 'FAILED', 'CANCELED'] as const;

export type TaskState = (typeof TASK_STATES)[number];

export function stateOf(task: TaskInfo): TaskState {
  return TASK_STATES[task.state] ?? 'FREE';
}

/** `build (f44-candidate, /rpms/foo.git:SHA)`: how the client names a task. */
export function taskLabel(task: TaskInfo): string {
  const { method, arch } = task;
  try {
    const inside = labelOf(method, arch, positional(task.request ?? []));
    return `${method} (${inside})`;
  } catch {
    return `${method} (${arch}, unknown args)`;
  }
}

/** Arguments without the struct of keyword arguments at their end. */
function positional(request: readonly unknown[]): readonly unknown[] {
  const last = request.at(-1);
  const named =
    typeof last === 'object' && last !== null && (last as Record<string, unknown>)['__starstar'] === true;
  return named ? request.slice(0, -1) : request;
}

function labelOf(method: string, arch: string, args: readonly unknown[]): string {
  const text = (index: number): string => {
    const arg = args[index];
    if (arg === undefined) throw new TypeError('argument missing');
    return arg === null ? 'None' : String(arg);
  };
  switch (method) {
    case 'build':
      return `${text(1)}, ${sourceOf(text(0))}`;
    case 'buildSRPMFromSCM':
      return sourceOf(text(0));
    case 'buildArch':
      return `${basename(text(0))}, ${text(2)}`;
    case 'buildNotification': {
      const build = args[1] as Record<string, unknown>;
      return `${build['name']}-${build['version']}-${build['release']}`;
    }
    case 'newRepo':
    case 'distRepo': {
      const tag = args[0];
      return typeof tag === 'object' && tag !== null
        ? String((tag as Record<string, unknown>)['name'])
        : text(0);
    }
    case 'createrepo':
      return text(1);
    case 'createdistrepo':
      return `${text(1)}, ${text(2)}`;
    case 'waitrepo': {
      const nvrs = Array.isArray(args[2]) ? args[2].map(String) : [];
      return [text(0), ...nvrs].join(', ');
    }
    case 'chainbuild':
      return text(1);
    default:
      return arch;
  }
}

function sourceOf(source: string): string {
  return source.includes('://') ? moduleInfo(source) : basename(source);
}

/** Path and revision of a source URL. */
function moduleInfo(url: string): string {
  const hash = url.indexOf('#');
  const question = url.indexOf('?');
  const start = url.indexOf('/', url.indexOf('://') + 3);
  const repo = url.slice(start, question >= 0 ? question : hash);
  const revision = url.slice(hash + 1);
  return question >= 0 ? `${repo}:${url.slice(question + 1, hash)}:${revision}` : `${repo}:${revision}`;
}

function basename(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
