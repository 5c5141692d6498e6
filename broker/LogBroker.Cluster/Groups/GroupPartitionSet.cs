using System.Collections;
using LogBroker.Protocol;

namespace LogBroker.Cluster;

/// <summary>
/// A set of partitions, in order of topic id and index, so that equal sets have equal bytes. Operations on two sets walk both once.
/// Immutable, thread-safe, compared by content.
/// </summary>
public sealed class GroupPartitionSet : IReadOnlyList<PartitionId>, IEquatable<GroupPartitionSet>
{
    private static readonly Comparer<PartitionId> Order = Comparer<PartitionId>.Create(Compare);

    private readonly PartitionId[] _sorted;

    private GroupPartitionSet(PartitionId[] sorted) => _sorted = sorted;

    /// <summary>No partitions.</summary>
    public static GroupPartitionSet Empty { get; } = new([]);

    /// <inheritdoc/>
    public int Count => _sorted.Length;

    /// <inheritdoc/>
    public PartitionId this[int index] => _sorted[index];

    /// <summary>The set of these partitions, given in any order and number.</summary>
    public static GroupPartitionSet Of(IEnumerable<PartitionId> partitions)
    {
        PartitionId[] sorted = [.. partitions];
        Array.Sort(sorted, Order);
        int count = 0;
        for (int i = 0; i < sorted.Length; i++)
        {
            if (count == 0 || sorted[count - 1] != sorted[i])
            {
                sorted[count++] = sorted[i];
            }
        }

        return Wrap(count == sorted.Length ? sorted : sorted[..count]);
    }

    /// <summary>True when the partition is in the set; O(log n).</summary>
    public bool Contains(PartitionId partition) => Array.BinarySearch(_sorted, partition, Order) >= 0;

    /// <summary>True when every partition is in the other set too.</summary>
    public bool IsSubsetOf(GroupPartitionSet other) => ReferenceEquals(this, other) || Except(other).Count == 0;

    /// <summary>What is in both.</summary>
    public GroupPartitionSet Intersect(GroupPartitionSet other) => Merge(other, onlyHere: false, both: true, onlyThere: false);

    /// <summary>What is here and not in the other.</summary>
    public GroupPartitionSet Except(GroupPartitionSet other) => Merge(other, onlyHere: true, both: false, onlyThere: false);

    /// <summary>What is in one of them.</summary>
    public GroupPartitionSet Union(GroupPartitionSet other) => Merge(other, onlyHere: true, both: true, onlyThere: true);

    /// <summary>The indexes by topic, both in order.</summary>
    public IEnumerable<(TopicId Topic, IReadOnlyList<int> Partitions)> ByTopic()
    {
        for (int from = 0; from < _sorted.Length;)
        {
            int to = from + 1;
            while (to < _sorted.Length && _sorted[to].Topic == _sorted[from].Topic)
            {
                to++;
            }

            yield return (_sorted[from].Topic, [.. _sorted[from..to].Select(p => p.Index)]);
            from = to;
        }
    }

    /// <inheritdoc/>
    public bool Equals(GroupPartitionSet? other) =>
        ReferenceEquals(this, other) || (other is not null && _sorted.AsSpan().SequenceEqual(other._sorted));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as GroupPartitionSet);

    /// <inheritdoc/>
    public override int GetHashCode() => _sorted.Length == 0 ? 0 : HashCode.Combine(_sorted.Length, _sorted[0], _sorted[^1]);

    /// <inheritdoc/>
    public IEnumerator<PartitionId> GetEnumerator() => ((IEnumerable<PartitionId>)_sorted).GetEnumerator();

    /// <inheritdoc/>
    public override string ToString() => string.Join(", ", _sorted);

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private static GroupPartitionSet Wrap(PartitionId[] sorted) => sorted.Length == 0 ? Empty : new GroupPartitionSet(sorted);

    private static int Compare(PartitionId one, PartitionId other)
    {
        int byTopic = one.Topic.Value.CompareTo(other.Topic.Value);
        return byTopic != 0 ? byTopic : one.Index.CompareTo(other.Index);
    }

    private GroupPartitionSet Merge(GroupPartitionSet other, bool onlyHere, bool both, bool onlyThere)
    {
        var merged = new List<PartitionId>(onlyThere ? Count + other.Count : Count);
        int here = 0, there = 0;
        while (here < Count || there < other.Count)
        {
            int order = here == Count ? 1 : there == other.Count ? -1 : Compare(_sorted[here], other._sorted[there]);
            if (order < 0 ? onlyHere : order == 0 ? both : onlyThere)
            {
                merged.Add(order <= 0 ? _sorted[here] : other._sorted[there]);
            }

            here += order <= 0 ? 1 : 0;
            there += order >= 0 ? 1 : 0;
        }

        return merged.Count == Count && !onlyThere ? this : Wrap([.. merged]);
    }
}
