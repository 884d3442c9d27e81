/** In order; the number of those that ran is the schema version (`PRAGMA user_version`). One that has been released never changes. */
export const MIGRATIONS: readonly (readonly string[])[] = [
  [
    `create table runs (
      run_id text primary key,
      environment text not null,
      scope text not null,
      probe text not null,
      package text not null,
      branch text not null,
      state text not null check (state in ('executing', 'finalizing', 'finished')),
      outcome text,
      started_at real not null,
      ended_at real,
      header text not null,
      owner text not null,
      fence integer not null,
      release text,
      versions text not null default '{}',
      fault text,
      record text
    ) strict`,
    'create index runs_by_start on runs (started_at)',
    'create index runs_by_package on runs (scope, package, state)',
    `create table steps (
      run_id text not null references runs,
      idx integer not null,
      step text not null,
      uses text not null,
      system text not null,
      outcome text,
      started_at real,
      deadline_at real,
      duration_ms real,
      inputs text,
      outputs text,
      phases text,
      reason text,
      fault text,
      primary key (run_id, idx)
    ) strict, without rowid`,
    `create table attempts (
      run_id text not null references runs,
      idx integer not null,
      attempt integer not null,
      started_at real not null,
      duration_ms real,
      outcome text,
      fault text,
      primary key (run_id, idx, attempt)
    ) strict, without rowid`,
    `create table effects (
      effect_id integer primary key,
      run_id text not null references runs,
      environment text not null,
      package text not null,
      step text not null,
      kind text not null,
      key text not null,
      system text not null,
      state text not null check (state in ('intended', 'made', 'kept', 'undone', 'struck')),
      undoable integer not null,
      intended_at real not null,
      made_at real,
      identity text,
      undo text,
      undo_attempts integer not null default 0,
      undone_at real,
      undo_evidence text,
      unique (run_id, step, kind, key)
    ) strict`,
    `create index effects_open on effects (state) where state in ('intended', 'made')`,
    `create table subjects (
      run_id text not null references runs,
      kind text not null,
      key text not null,
      primary key (run_id, kind, key)
    ) strict, without rowid`,
    // Events belong to the environment and the subject, never to a run: other packagers' builds have them too.
    `create table reports (
      environment text not null,
      kind text not null,
      key text not null,
      fact text not null,
      earliest real,
      latest real not null,
      source text not null,
      system text not null,
      message_id text not null default '',
      seen_at real not null,
      phase text,
      data text not null,
      primary key (environment, kind, key, fact, source, message_id, latest)
    ) strict, without rowid`,
    `create table looks (
      environment text not null,
      source text not null,
      kind text not null,
      key text not null,
      first real not null,
      last real not null,
      last_good real,
      count integer not null,
      failing text not null default '[]',
      primary key (environment, source, kind, key)
    ) strict, without rowid`,
    `create table commands (
      run_id text not null references runs,
      boot_id text not null,
      pid integer not null,
      start integer not null,
      command text not null,
      primary key (run_id, pid, start)
    ) strict, without rowid`,
  ],
  [
    'alter table effects add column sought text',
    `alter table steps add column resumed_at text not null default '[]'`,
    `alter table steps add column attempts text not null default '[]'`,
    `update steps set attempts = (
      select json_group_array(json_patch(
        json_object('attempt', attempt, 'started_at', started_at, 'duration_ms', coalesce(duration_ms, 0), 'outcome', outcome),
        iif(fault is null, '{}', json_object('fault', json(fault))))
        order by attempt)
      from attempts where attempts.run_id = steps.run_id and attempts.idx = steps.idx)`,
    'drop table attempts',
    'alter table runs add column restored integer not null default 0',
  ],
  [
    // What comes before `serve` is history: it is counted from the rows that there are, and opens no incident.
    'alter table runs add column digested integer not null default 0',
    'alter table runs add column left_out text',
    // It has ended, and nobody is at work on what it still holds: the ledger, or a wait that is watched on.
    'alter table runs add column resting integer not null default 0',
    'alter table runs add column cancel_by text',
    'alter table runs add column retry_of text',
    `create index runs_to_digest on runs (ended_at) where digested = 0 and record is not null`,
    `create index runs_unfinished on runs (run_id) where state != 'finished'`,
    `update runs set resting = 1 where state != 'finished' and state = 'finalizing'`,
    'create index runs_by_end on runs (scope, ended_at)',
    'create index runs_by_probe on runs (scope, probe, ended_at)',
    `create table services (
      service_id integer primary key,
      owner text not null,
      began_at real not null,
      beat_at real not null,
      beats integer not null default 0,
      ended_at real
    ) strict`,
    `create table dues (
      due_id integer primary key,
      scope text not null,
      environment text not null,
      probe text not null,
      due_at real not null,
      cause text not null check (cause in ('schedule', 'request', 'retry', 'confirm')),
      "of" text,
      "by" text,
      state text not null default 'waiting' check (state in ('waiting', 'started', 'skipped')),
      reason text,
      note text,
      run_id text,
      decided_at real,
      unique (scope, probe, due_at)
    ) strict`,
    `create index dues_waiting on dues (due_at) where state = 'waiting'`,
    'create index dues_by_run on dues (run_id)',
    `create table pauses (
      pause_id integer primary key,
      environment text not null,
      probe text,
      reason text not null,
      "by" text not null,
      "from" real not null,
      until real,
      ended_at real,
      ended_by text
    ) strict`,
    `create table totals (
      metric text not null,
      labels text not null,
      sum real not null default 0,
      count integer not null default 0,
      buckets text not null default '[]',
      exemplar text,
      primary key (metric, labels)
    ) strict, without rowid`,
    `create table evidence (
      scope text not null,
      system text not null,
      at real not null,
      run_id text not null,
      environment text not null,
      probe text not null,
      good integer not null,
      counted integer not null,
      primary key (scope, system, at, run_id)
    ) strict, without rowid`,
    'create index evidence_by_time on evidence (scope, at)',
    // The newest of it, so that nobody has to look for it in years of evidence.
    `create table systems (
      scope text not null,
      system text not null,
      environment text not null,
      last_good real,
      last_bad real,
      primary key (scope, system)
    ) strict, without rowid`,
    `create table incidents (
      incident_id text primary key,
      scope text not null,
      environment text not null,
      system text not null,
      state text not null check (state in ('suspected', 'open', 'resolved', 'dismissed')),
      since real not null,
      acknowledged_at real,
      acknowledged_by text,
      ticket text,
      data text not null
    ) strict`,
    // One per system and environment, however many probes fail.
    `create unique index incidents_live on incidents (scope, system) where state in ('suspected', 'open')`,
    `create table notices (
      notice_id integer primary key,
      receiver text not null,
      subject text not null,
      state text not null,
      type text not null,
      message text not null,
      created_at real not null,
      due_at real not null,
      attempts integer not null default 0,
      delivered_at real,
      gave_up_at real,
      last_error text,
      unique (receiver, subject, state)
    ) strict`,
    'create index notices_waiting on notices (receiver, due_at) where delivered_at is null and gave_up_at is null',
    'create index notices_by_subject on notices (subject)',
    `create table verdicts (
      run_id text not null references runs,
      step text not null,
      at real not null,
      says text not null,
      text text not null,
      primary key (run_id, step, at)
    ) strict, without rowid`,
    `create table late_watches (
      run_id text primary key references runs,
      step text not null,
      until real not null
    ) strict, without rowid`,
    `create table audit (
      audit_id integer primary key,
      at real not null,
      who text not null,
      through text not null,
      action text not null,
      subject text not null,
      detail text not null
    ) strict`,
  ],
  ['alter table services add column served text'],
  [
    'alter table incidents add column closed_at real',
    'alter table incidents add column closed_by text',
    'alter table incidents add column closed_because text',
    'alter table incidents add column unwatched_since real',
    'create index incidents_closed on incidents (closed_at) where closed_at is not null',
  ],
];
