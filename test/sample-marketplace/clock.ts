/** A moment to stand still at, or a distance from the base clock to keep, or null: the base clock again. */
export type ClockSetting = Date | { offsetMs: number } | null;

export interface Clock {
  now: () => Date;
  set: (setting: ClockSetting) => void;
}

export function createClock(base: () => Date): Clock {
  let setting: ClockSetting = null;
  return {
    now() {
      if (setting === null) return base();
      if (setting instanceof Date) return setting;
      return new Date(base().getTime() + setting.offsetMs);
    },
    set(next) {
      setting = next;
    },
  };
}
