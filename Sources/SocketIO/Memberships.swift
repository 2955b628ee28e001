/// The namespaces that one client is in: as a rule one, which then takes no array.
struct Memberships: RandomAccessCollection, MutableCollection {
    private(set) var first: Membership?
    private var others: [Membership] = []

    /// The frames of the only one, and its place in them, for ``Client/readOn(to:until:at:)``; nil when there are several,
    /// or nothing is read.
    var only: (frames: FrameCache, reader: FeedReader)? {
        guard others.isEmpty, let first, let frames = first.frames else { return nil }
        return (frames, first.reader)
    }

    /// - Parameter reader: of the first.
    mutating func move(_ reader: FeedReader) { first?.reader = reader }

    var startIndex: Int { 0 }
    var endIndex: Int { first == nil ? 0 : others.count + 1 }

    subscript(index: Int) -> Membership {
        @inline(__always) _read { if index == 0 { yield first! } else { yield others[index - 1] } }
        @inline(__always) _modify { if index == 0 { yield &first! } else { yield &others[index - 1] } }
    }

    mutating func append(_ membership: Membership) {
        if first == nil { first = membership } else { others.append(membership) }
    }

    mutating func remove(at index: Int) -> Membership {
        if index > 0 { return others.remove(at: index - 1) }
        let removed = first!
        first = others.isEmpty ? nil : others.removeFirst()
        return removed
    }
}
