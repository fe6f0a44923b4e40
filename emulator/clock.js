// The time of the emulated chip: it follows the processor's cycles, and jumps when the processor sleeps.
// Uses: nothing. It has the interface that rp2040js's peripherals expect from a clock.

class Alarm {
  constructor(clock, callback) {
    this.clock = clock;
    this.callback = callback;
    this.nanos = Infinity;
    this.scheduled = false;
  }

  /** Calls back once, in so many nanoseconds; an earlier appointment is dropped. */
  schedule(nanos) {
    this.cancel();
    this.nanos = this.clock.nanos + nanos;
    this.scheduled = true;
    const { alarms } = this.clock;
    const place = alarms.findIndex((alarm) => alarm.nanos > this.nanos);
    alarms.splice(place < 0 ? alarms.length : place, 0, this);
    this.clock.updateDeadline();
  }

  cancel() {
    if (this.scheduled) {
      this.scheduled = false;
      this.clock.alarms.splice(this.clock.alarms.indexOf(this), 1);
      this.clock.updateDeadline();
    }
  }
}

export class Clock {
  constructor() {
    this.counter = { cycles: 0 }; // the processor, which counts cycles
    this.cycleNanos = 8;
    this.baseNanos = 0;
    this.baseCycles = 0;
    this.frozenNanos = undefined; // the alarm's time, while its callback runs
    this.alarms = []; // in order of time
    this.deadline = Infinity; // the cycle at which the next alarm is due
  }

  get nanos() {
    return this.frozenNanos ?? this.baseNanos + (this.counter.cycles - this.baseCycles) * this.cycleNanos;
  }

  get micros() {
    return this.nanos / 1000;
  }

  createAlarm(callback) {
    return new Alarm(this, callback);
  }

  get isAlarmSet() {
    return this.alarms.length > 0;
  }

  /** From here on a cycle takes 1/frequency seconds. */
  setFrequency(frequency) {
    this.rebase(this.nanos);
    this.cycleNanos = 1e9 / frequency;
    this.updateDeadline();
  }

  /** Time passes up to the next alarm, and the processor does nothing in it. */
  jump() {
    if (this.isAlarmSet) {
      this.rebase(Math.max(this.nanos, this.alarms[0].nanos));
    }
  }

  /** Calls back the alarms that are due. */
  ring() {
    while (this.isAlarmSet && this.alarms[0].nanos <= this.nanos) {
      const alarm = this.alarms.shift();
      alarm.scheduled = false;
      this.frozenNanos = alarm.nanos;
      try {
        alarm.callback();
      } finally {
        this.frozenNanos = undefined;
      }
    }
    this.updateDeadline();
  }

  rebase(nanos) {
    this.baseNanos = nanos;
    this.baseCycles = this.counter.cycles;
  }

  // Where a cycle is not a whole number of nanoseconds, the quotient can be rounded down to a cycle whose time is just
  // before the alarm's. There the alarm would not ring, and the processor would not run either.
  updateDeadline() {
    if (!this.isAlarmSet) {
      this.deadline = Infinity;
      return;
    }
    const wait = this.alarms[0].nanos - this.baseNanos;
    const cycles = Math.ceil(wait / this.cycleNanos);
    this.deadline = this.baseCycles + cycles + (this.baseNanos + cycles * this.cycleNanos < this.alarms[0].nanos ? 1 : 0);
  }
}
