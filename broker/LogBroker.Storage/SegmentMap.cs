using System.Collections.Immutable;
using LogBroker.Protocol;

namespace LogBroker.Storage;

/// <summary>The segments of a log in order of base offset, the last one being appended to. Immutable, thread-safe.</summary>
internal sealed class SegmentMap(ImmutableArray<Segment> segments)
{
    public static SegmentMap Empty { get; } = new([]);

    public ImmutableArray<Segment> Segments { get; } = segments;

    /// <summary>The segment appended to, or null.</summary>
    public Segment? Tail => Segments.IsEmpty ? null : Segments[^1];

    /// <summary>Appended bytes of all segments.</summary>
    public long Bytes
    {
        get
        {
            long sum = 0;
            foreach (Segment segment in Segments)
            {
                sum += segment.Bytes;
            }

            return sum;
        }
    }

    /// <summary>Index of the segment that holds an offset: the last with a base at or in front of it; -1 if there is none.</summary>
    public int IndexOf(Offset offset)
    {
        int low = 0;
        int high = Segments.Length;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (Segments[middle].Base <= offset)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low - 1;
    }

    public SegmentMap Add(Segment segment)
    {
        Invariant.Require(Segments.IsEmpty || Segments[^1].Base < segment.Base);
        return new SegmentMap(Segments.Add(segment));
    }

    /// <summary>True when these very segments stand in it, one behind the other.</summary>
    public bool Holds(ImmutableArray<Segment> neighbours)
    {
        int at = Segments.IndexOf(neighbours[0]);
        return at >= 0 && at + neighbours.Length <= Segments.Length
            && Segments.AsSpan(at, neighbours.Length).SequenceEqual(neighbours.AsSpan());
    }

    /// <summary>With one segment in the place of neighbours.</summary>
    public SegmentMap Replace(ImmutableArray<Segment> neighbours, Segment segment)
    {
        Invariant.Require(Holds(neighbours) && segment.Base == neighbours[0].Base && segment.Next == neighbours[^1].Next);
        int at = Segments.IndexOf(neighbours[0]);
        return new SegmentMap(Segments.RemoveRange(at, neighbours.Length).Insert(at, segment));
    }

    /// <summary>Without the first ones.</summary>
    public SegmentMap From(int first) => new(Segments.RemoveRange(0, first));

    /// <summary>The first ones alone.</summary>
    public SegmentMap Upto(int count) => new(Segments.RemoveRange(count, Segments.Length - count));
}
