/// Whose clock a reading follows.
package enum Pace: Equatable, Sendable {
    /// Each reader's own: the first stanza comes at once, the next ones an interval apart from there.
    case reader

    /// One for everybody: stanza `n` of a lap is due at the same moment for all, and laps of all stanzas
    /// follow each other for ever from the epoch on.
    ///
    /// - Units: nanoseconds of the monotonic clock that the reading is told the time by. The epoch is usually
    ///   the server's start; before it, readers wait.
    case shared(epochNanoseconds: Int64)
}

/// What a reader meets behind the last stanza. The raw values are the operator's words.
package enum AtEnd: String, CaseIterable, Equatable, Sendable {
    /// The server ends the reading.
    case close
    /// The first stanza again, one interval later.
    case `repeat`
    /// Nothing more comes; the connection stays.
    case stay
}
