import type { Incident } from '../../src/core/incident.ts';
import type {
  IncidentChange,
  IncidentMessage,
  NewNotice,
  Notice,
  RunMessage,
} from '../../src/core/notice.ts';
import { incidentOf } from './store-world.ts';

const AT = Date.UTC(2026, 10, 17, 8, 0, 0);

/** An incident as it is told, where a test does not care. */
export function incident(changes: Partial<Incident> = {}): Incident {
  return incidentOf('019a9000-0000-7000-8000-000000000001', {
    scope: 'fedora',
    environment: 'fedora',
    since: AT - 3_600_000,
    opened_at: AT - 1_800_000,
    updated_at: AT - 1_800_000,
    runs: [
      {
        run_id: '019a9000-0000-7000-8000-00000000000a',
        probe: 'single-build',
        ended_at: AT - 3_600_000,
        step: 'build',
        fault: {
          message: 'koji task 7 ended failed',
          code: 'KOJI_TASK_NOT_CLOSED',
          kind: 'rejected',
          system: 'koji',
          evidence: {},
        },
        builds: ['dummy-test-package-gloster-0-1.fc44'],
        updates: [],
        details: ['x86_64: failed'],
      },
    ],
    failures: 2,
    recent: { failed: 2, of: 6 },
    ...changes,
  });
}

export function incidentMessage(
  change: IncidentChange = 'opened',
  changes: Partial<IncidentMessage> = {},
): IncidentMessage {
  return {
    type: 'incident',
    change,
    incident: incident(change === 'resolved' ? { state: 'resolved', resolved_at: AT } : {}),
    title: 'koji fails on fedora since 2026-11-17T07:00Z',
    text: 'koji task 7 ended failed\n2 of the last 6 failed; normal is 1 in 25',
    links: [
      { title: 'Runbook', url: 'https://example.org/runbooks/koji' },
      { title: 'Dashboard', url: 'https://example.org/dashboard' },
    ],
    ...changes,
  };
}

export function runMessage(run_id: string): RunMessage {
  return {
    type: 'run',
    run_id,
    probe: 'single-build',
    environment: 'fedora',
    package: 'dummy-test-package-gloster',
    outcome: 'passed',
    started_at: AT,
    ended_at: AT + 60_000,
    duration_ms: 60_000,
    fault: null,
    builds: ['dummy-test-package-gloster-0-1.fc44'],
    updates: [],
    retry_of: null,
    duplicate: false,
  };
}

/** A notice that is due at once. */
export function newNotice(
  receiver: string,
  message: IncidentMessage | RunMessage,
  changes: Partial<NewNotice> = {},
): NewNotice {
  const [subject, state] =
    message.type === 'incident' ? [message.incident.incident_id, message.change] : [message.run_id, 'ended'];
  return { receiver, subject, state, message, created_at: AT, due_at: AT, ...changes };
}

export function notice(message: IncidentMessage | RunMessage, changes: Partial<Notice> = {}): Notice {
  return {
    ...newNotice('test', message),
    notice_id: 1,
    attempts: 0,
    delivered_at: null,
    gave_up_at: null,
    last_error: null,
    ...changes,
  };
}
