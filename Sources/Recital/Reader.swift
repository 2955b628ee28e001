/// One listener's place in a reading: two integers, whatever it has heard and however slow it is.
///
/// A value without a clock; ``Reading`` says what it hears and moves it on. What it does not hold
/// is any stanza: a reader that stops listening costs nothing more.
package struct Reader: Equatable, Sendable {
    /// Index, from 0, of the stanza it hears next; the number of stanzas once it has heard the last one
    /// (never with ``AtEnd/repeat``, where it goes back to 0). So it is also how many of this lap it has
    /// heard.
    package let next: Int

    /// When that stanza is due, in nanoseconds of the reading's clock. Each due time is the one before plus
    /// the interval, in integers, never "now plus the interval": so lateness does not add up.
    package let dueNanoseconds: Int64

    /// A place as it was kept somewhere else. A new one comes from ``Reading/begin(after:at:)``.
    package init(next: Int, dueNanoseconds: Int64) {
        self.next = next
        self.dueNanoseconds = dueNanoseconds
    }
}

/// What a reader is to do now.
package enum Step: Equatable, Sendable {
    /// Hear the stanza with this index, from 0; it is due or overdue.
    case stanza(Int)
    /// Nothing before this time, in nanoseconds of the reading's clock.
    case wait(until: Int64)
    /// It has heard the last stanza: end its reading now.
    case end
    /// It has heard the last stanza: nothing more will come, leave it connected.
    case stay
}
