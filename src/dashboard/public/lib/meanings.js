/** What each operation does, in words, before it is done: name, meaning, and `danger` where it can't be undone. */
export const MEANINGS = {
  "projection.pause": [
    "Pause",
    "It stops reading where it is. What it shows gets older until it is resumed.",
  ],
  "projection.resume": ["Resume", "It goes on reading where it stopped, and catches up."],
  "projection.rebuild": [
    "Rebuild",
    "A new generation is built beside the one that serves. Readers notice nothing until it has caught up.",
  ],
  "projection.approve": [
    "Let it serve",
    "Readers get the new generation from now on. The old one is kept, so this can be rolled back.",
  ],
  "projection.cancelRebuild": [
    "Cancel the rebuild",
    "The new generation is thrown away. The one that serves goes on serving.",
    "danger",
  ],
  "projection.rollback": [
    "Roll back",
    "Readers get the generation that served before, as it stands.",
  ],
  "projection.dropRetired": [
    "Drop the old generation",
    "The generation that served before is deleted. It can't be rolled back to any more.",
    "danger",
  ],
  "projection.skip": [
    "Skip the event",
    "The event is passed over for good; what it says is missing from this view until it is rebuilt.",
    "danger",
  ],
  "projection.replayParked": [
    "Replay",
    "Parked events are handled again, in order. One that fails again stays parked, with those behind it.",
  ],
  "projection.discardParked": [
    "Discard",
    "Parked events are forgotten; what they say is missing from this view until it is rebuilt.",
    "danger",
  ],
  "projection.rebuildKey": [
    "Rebuild this key",
    "Everything with this key is folded anew from the journal.",
  ],
  "saga.retry": [
    "Retry",
    "It tries again what it was parked for, and goes on with what waited meanwhile.",
  ],
  "saga.park": [
    "Park",
    "It takes nothing any more; what comes for it is kept until somebody lets it go on.",
  ],
  "saga.discard": [
    "Discard what waits",
    "What waits for it is thrown away, and it stays as it is.",
    "danger",
  ],
  "saga.end": [
    "End",
    "It ends where it is: timers are cleared, nothing is compensated. It can't be begun again.",
    "danger",
  ],
  "saga.send": ["Send an event", "The machine gets this event as if it had come by itself."],
  "rules.park": [
    "Park",
    "The session takes no events any more; they are kept until it is released.",
  ],
  "rules.release": ["Release", "The session goes on, with the events that were kept meanwhile."],
  "rules.discard": ["Discard", "The session and all it knows is thrown away.", "danger"],
  "imports.replay": ["Replay", "Parked messages are tried again, in order."],
  "imports.discard": [
    "Discard",
    "Parked messages are forgotten: what they say never reaches this service.",
    "danger",
  ],
  "imports.acceptGaps": [
    "Accept the gaps",
    "What didn't come is given up; what waited for it goes on.",
    "danger",
  ],
  backup: [
    "Back up",
    "A copy of the journal as it is now is written into a folder of its own, while the service goes on. Keys of personal data aren't in it.",
  ],
  compact: [
    "Compact",
    "All its events so far go into an archive file, and the summary of its definition stands for them. Its state stays as it is; versions before the summary can't be looked at here any more.",
    "danger",
  ],
  tombstone: [
    "End for good",
    "It takes no more commands, for good, and what it claims is free for others. Its history stays.",
    "danger",
  ],
  forget: [
    "Forget",
    "Its keys are destroyed: what was sealed with them is unreadable from then on, in the journal, in views and in every backup.",
    "danger",
  ],
  rotateKeys: [
    "Rotate the master key",
    "All keys of personal data are wrapped with the newest master key that the service was given. Everything stays readable.",
  ],
};
