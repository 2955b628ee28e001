/// What a connection is to hear, and what of it the server has confirmed.
struct RedisSubscriptions {
    struct Subscription: Hashable {
        var name: String
        var isPattern: Bool
    }

    private(set) var wanted: Set<Subscription> = []
    private var unconfirmed: Set<Subscription> = []

    /// Everything that is wanted is in force.
    var isComplete: Bool { unconfirmed.isEmpty }

    /// The commands that ask for everything, on a new connection.
    mutating func all() -> [[[UInt8]]] {
        unconfirmed = wanted
        return [false, true].compactMap { isPattern in
            let names = wanted.filter { $0.isPattern == isPattern }.map(\.name).sorted()
            guard !names.isEmpty else { return nil }
            return ([isPattern ? "PSUBSCRIBE" : "SUBSCRIBE"] + names).map { Array($0.utf8) }
        }
    }

    /// The command that asks for one more; nil when it is asked for already.
    mutating func add(_ subscription: Subscription) -> [[UInt8]]? {
        guard wanted.insert(subscription).inserted else { return nil }
        unconfirmed.insert(subscription)
        return [subscription.isPattern ? "PSUBSCRIBE" : "SUBSCRIBE", subscription.name].map { Array($0.utf8) }
    }

    mutating func remove(_ subscription: Subscription) -> [[UInt8]]? {
        guard wanted.remove(subscription) != nil else { return nil }
        unconfirmed.remove(subscription)
        return [subscription.isPattern ? "PUNSUBSCRIBE" : "UNSUBSCRIBE", subscription.name].map {
            Array($0.utf8)
        }
    }

    mutating func confirmed(_ name: String, isPattern: Bool) {
        unconfirmed.remove(Subscription(name: name, isPattern: isPattern))
    }
}

/// First in, first out; taking is cheap however long it is.
struct RedisQueue<Element> {
    private var elements: [Element?] = []
    private var head = 0

    var count: Int { elements.count - head }
    var first: Element? { head < elements.count ? elements[head] : nil }

    mutating func append(_ element: Element) { elements.append(element) }

    mutating func removeFirst() -> Element? {
        guard head < elements.count else { return nil }
        defer {
            elements[head] = nil
            head += 1
            if head > 32, head * 2 > elements.count {
                elements.removeFirst(head)
                head = 0
            }
        }
        return elements[head]
    }

    mutating func removeAll() -> [Element] {
        defer { self = RedisQueue() }
        return elements[head...].compactMap { $0 }
    }
}
