import type { Audit } from '../core/audit.ts';
import type { Session } from './session.ts';

export function auditIn({ run, changeDurably }: Session): Audit {
  return {
    add: (entry) =>
      changeDurably(async (transaction) => {
        await transaction.insertInto('audit').values(entry).execute();
      }),

    list: (limit) =>
      run(async (db) => {
        const rows = await db
          .selectFrom('audit')
          .selectAll()
          .orderBy('audit_id', 'desc')
          .limit(limit)
          .execute();
        return rows.map(({ audit_id: _, ...entry }) => entry);
      }),
  };
}
