internal import Synchronization

/// The parts of one answer, from every event loop, given on when the last one is there.
final class Gathering<Part: Sendable>: Sendable {
    private struct State {
        var parts: [Part] = []
        var received = 0
        var expected: Int?
    }

    private let state = Mutex(State())
    private let whole: @Sendable ([Part]) -> Void

    init(_ whole: @escaping @Sendable ([Part]) -> Void) { self.whole = whole }

    func add(_ parts: [Part]) {
        finish {
            $0.parts += parts
            $0.received += 1
        }
    }

    /// How many loops there are; some may have answered already.
    func expect(_ count: Int) { finish { $0.expected = count } }

    private func finish(_ change: (inout State) -> Void) {
        let parts = state.withLock { state -> [Part]? in
            change(&state)
            return state.received == state.expected ? state.parts : nil
        }
        if let parts { whole(parts) }
    }
}
