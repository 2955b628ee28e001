internal import Recital
internal import SocketIOServer

/// A poem as a feed of the library: the reading says when, the poem says what.
struct RecitalFeed: Feed {
    let poem: Poem
    let reading: Reading
    let eventName: String

    var count: Int { poem.stanzas.count }

    func begin(after cursor: String?, at now: Instant) -> (place: FeedPlace, isCursorValid: Bool) {
        let number = cursor.flatMap { Cursor.parse($0, count: count) }
        let reader = reading.begin(after: number, at: now.nanoseconds)
        return (Self.place(of: reader), cursor == nil || number != nil)
    }

    func step(_ place: FeedPlace, at now: Instant) -> FeedStep {
        switch reading.step(Self.reader(at: place), at: now.nanoseconds) {
        case .stanza(let index): .entry(index)
        case .wait(let moment): .wait(until: Instant(nanoseconds: moment))
        case .end: .end
        case .stay: .idle
        }
    }

    func advanced(_ place: FeedPlace) -> FeedPlace {
        Self.place(of: reading.advanced(Self.reader(at: place)))
    }

    func event(at index: Int) -> FeedEvent {
        FeedEvent(name: eventName, text: poem.stanzas[index].text, cursor: Cursor.text(after: index + 1))
    }

    func cursor(at place: FeedPlace) -> String { Cursor.text(after: Int(place.position)) }

    private static func place(of reader: Reader) -> FeedPlace {
        FeedPlace(position: Int64(reader.next), start: Instant(nanoseconds: reader.dueNanoseconds))
    }

    private static func reader(at place: FeedPlace) -> Reader {
        Reader(next: Int(place.position), dueNanoseconds: place.start.nanoseconds)
    }
}
