internal import Synchronization

/// What lets another socket go on where this one ends. There is none where clients do not come back.
final class Stay: Sendable {
    /// The private id that a client may come back with.
    let pid: String
    /// What the namespace has recorded up to here is not for this socket: it came with its return.
    let heardUpTo: Atomic<UInt64>
    /// The last handler has returned.
    let end = Gate()

    init(pid: String, heardUpTo: UInt64) {
        self.pid = pid
        self.heardUpTo = Atomic(heardUpTo)
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
