internal import SocketIOCore

/// The clients of one event loop by their ids, which stand in the clients alone: a third of what a dictionary takes.
///
/// Open addressing with linear probing (Knuth, "The Art of Computer Programming", 6.4, algorithms L and R). Ids are
/// made here and by chance, so nobody can choose some that meet.
struct ClientTable {
    private var places: [(any Client)?] = [nil, nil, nil, nil]
    private(set) var count = 0

    var all: some Sequence<any Client> { places.lazy.compactMap { $0 } }

    subscript(id: SessionID) -> (any Client)? {
        var place = home(of: id)
        while let client = places[place] {
            if client.id == id { return client }
            place = next(place)
        }
        return nil
    }

    mutating func insert(_ client: any Client) {
        if (count + 1) * 8 > places.count * 7 { grow() }
        if put(client) { count += 1 }
    }

    mutating func remove(_ id: SessionID) {
        var gap = home(of: id)
        while let client = places[gap], client.id != id { gap = next(gap) }
        guard places[gap] != nil else { return }
        count -= 1
        places[gap] = nil
        // Whoever would not be found across the gap moves into it.
        var place = next(gap)
        while let client = places[place] {
            let distance = self.distance(from: home(of: client.id), to: place)
            if distance >= self.distance(from: gap, to: place) {
                places[gap] = client
                places[place] = nil
                gap = place
            }
            place = next(place)
        }
    }

    /// - Returns: false when it has taken the place of another with its id.
    @discardableResult
    private mutating func put(_ client: any Client) -> Bool {
        var place = home(of: client.id)
        while let other = places[place], other.id != client.id { place = next(place) }
        defer { places[place] = client }
        return places[place] == nil
    }

    /// By a half, not to the double: a place here is a part of what a reader costs.
    private mutating func grow() {
        let old = places
        places = Array(repeating: nil, count: old.count + old.count / 2)
        for client in old { if let client { put(client) } }
    }

    private func home(of id: SessionID) -> Int {
        Int(id.spread.multipliedFullWidth(by: UInt64(places.count)).high)
    }

    private func next(_ place: Int) -> Int { place + 1 == places.count ? 0 : place + 1 }

    private func distance(from home: Int, to place: Int) -> Int {
        place >= home ? place - home : place + places.count - home
    }
}
