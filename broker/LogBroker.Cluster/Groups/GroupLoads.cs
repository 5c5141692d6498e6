namespace LogBroker.Cluster;

/// <summary>
/// How many partitions each member has, and who has the fewest among the subscribers of a topic. Members with the same subscription
/// (and rack) are kept in one order, so that a question costs one look per different subscription.
/// </summary>
internal sealed class GroupLoads
{
    private readonly GroupAssignorInput _input;
    private readonly int[] _loads;
    private readonly HashSet<int>[] _topicsOf;
    private readonly List<int>[] _classesOf;
    private readonly int[] _subscribers;
    private readonly SortedSet<(int Load, int Member)>[] _byClass;
    private readonly Dictionary<(int Class, string Rack), SortedSet<(int Load, int Member)>>? _byRack;

    public GroupLoads(GroupAssignorInput input, bool hasRacks)
    {
        _input = input;
        _loads = new int[input.Members.Count];
        _topicsOf = [.. input.Classes.Select(topics => topics.ToHashSet())];
        _byClass = [.. input.Classes.Select(_ => new SortedSet<(int, int)>())];
        _byRack = hasRacks ? [] : null;
        for (int member = 0; member < _loads.Length; member++)
        {
            _byClass[input.Members[member].Class].Add((0, member));
            InRack(member)?.Add((0, member));
        }

        _classesOf = [.. input.Topics.Select(_ => new List<int>())];
        _subscribers = new int[input.Topics.Count];
        for (int of = 0; of < input.Classes.Count; of++)
        {
            foreach (int topic in input.Classes[of])
            {
                _classesOf[topic].Add(of);
                _subscribers[topic] += _byClass[of].Count;
            }
        }
    }

    public bool IsSubscribed(int of, int topic) => _topicsOf[of].Contains(topic);

    public int SubscribersOf(int topic) => _subscribers[topic];

    public int Of(int member) => _loads[member];

    public void Add(int member, int change)
    {
        (int, int) before = (_loads[member], member);
        _loads[member] += change;
        (int, int) after = (_loads[member], member);
        SortedSet<(int, int)> ofClass = _byClass[_input.Members[member].Class];
        ofClass.Remove(before);
        ofClass.Add(after);
        if (InRack(member) is { } inRack)
        {
            inRack.Remove(before);
            inRack.Add(after);
        }
    }

    /// <summary>The subscriber with the fewest partitions; there is one.</summary>
    public int Least(int topic)
    {
        (int Load, int Member) least = (int.MaxValue, -1);
        foreach (int of in _classesOf[topic])
        {
            least = Lower(least, _byClass[of]);
        }

        return least.Member;
    }

    /// <summary>The subscriber in one of these racks with the fewest partitions, or -1.</summary>
    public int LeastIn(int topic, IReadOnlyList<string> racks)
    {
        (int Load, int Member) least = (int.MaxValue, -1);
        if (_byRack is null)
        {
            return -1;
        }

        foreach (string rack in racks)
        {
            foreach (int of in _classesOf[topic])
            {
                least = _byRack.TryGetValue((of, rack), out SortedSet<(int, int)>? members) ? Lower(least, members) : least;
            }
        }

        return least.Member;
    }

    private static (int Load, int Member) Lower((int Load, int Member) least, SortedSet<(int Load, int Member)> members) =>
        members.Count > 0 && members.Min.CompareTo(least) < 0 ? members.Min : least;

    private SortedSet<(int, int)>? InRack(int member)
    {
        if (_byRack is null || _input.Members[member].Rack.Length == 0)
        {
            return null;
        }

        (int, string) key = (_input.Members[member].Class, _input.Members[member].Rack);
        return _byRack.TryGetValue(key, out SortedSet<(int, int)>? members) ? members : (_byRack[key] = []);
    }
}
