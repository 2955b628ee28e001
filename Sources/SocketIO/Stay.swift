internal import Synchronization

/// What lets another socket go on where this one ends. There is none where clients do not come back.
final class Stay: Sendable {
    /// The private id that a client may come back with.
    let pid: String
    /// What the namespace has recorded up to here is not for this socket: it came with its return.
    let heardUpTo: Atomic<UInt64>
    /// What came to its old node before it came to this one.
    let heardElsewhere: [String: UInt64]
    /// The store is to hear of a change, and has been sent for.
    let isChanged = Atomic(false)
    /// The last handler has returned.
    let end = Gate()

    init(pid: String, heardUpTo: UInt64, heardElsewhere: [String: UInt64]) {
        self.pid = pid
        self.heardUpTo = Atomic(heardUpTo)
        self.heardElsewhere = heardElsewhere
    }

    /// Its client was told before that number what it had missed at another node, and perhaps not all of it came.
    func isBehind(_ number: UInt64) -> Bool {
        !heardElsewhere.isEmpty && number <= heardUpTo.load(ordering: .relaxed)
    }

    func hasHeard(_ mark: EventMark?) -> Bool {
        guard let mark, !heardElsewhere.isEmpty else { return false }
        return mark.number <= heardElsewhere[mark.origin] ?? 0
    }
}

/// Opens once, and stays open. Any number of tasks may wait for it.
final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    func open() {
        let waiters = state.withLock { state in
            state.isOpen = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    func pass() async {
        await withCheckedContinuation { waiter in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiters.append(waiter) }
                return state.isOpen
            }
            if isOpen { waiter.resume() }
        }
    }
}
