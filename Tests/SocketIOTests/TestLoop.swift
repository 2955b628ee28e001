import SocketIO
import SocketIOCore
import Synchronization

/// An event loop that the test turns by hand: work waits until it is asked for.
final class TestLoop: Sendable {
    typealias Work = @Sendable (Shard, Instant) -> Void

    private let notes = Notes<Work>()

    var entry: Shard.OnLoop { { [notes] work in notes.write(work) } }
    var isIdle: Bool { notes.isEmpty }

    func next() async -> Work? { await notes.next() }
}

/// What happened elsewhere, read in its order; a reader waits for what is not there yet. One reader at a time.
final class Notes<Note: Sendable>: Sendable {
    private struct State {
        var notes: [Note] = []
        var reader: CheckedContinuation<Note?, Never>?
    }

    private let state = Mutex(State())

    var isEmpty: Bool { state.withLock { $0.notes.isEmpty } }

    func write(_ note: Note) {
        let reader = state.withLock { state -> CheckedContinuation<Note?, Never>? in
            defer { state.reader = nil }
            if state.reader == nil { state.notes.append(note) }
            return state.reader
        }
        reader?.resume(returning: note)
    }

    func next() async -> Note? {
        await withCheckedContinuation { reader in
            let note = state.withLock { state -> Note? in
                if !state.notes.isEmpty { return state.notes.removeFirst() }
                state.reader = reader
                return nil
            }
            if let note { reader.resume(returning: note) }
        }
    }
}

/// The time as the stage has it, for whoever asks from another thread.
final class TestClock: Sendable {
    private let moment = Mutex<Instant?>(nil)

    var now: Instant? {
        get { moment.withLock { $0 } }
        set { moment.withLock { $0 = newValue } }
    }
}
