using System.Buffers.Binary;
using System.Text;
using LogBroker.Protocol;

namespace LogBroker.Cluster;

/// <summary>
/// One change of the cluster's metadata: the value of a record of <c>__cluster_metadata</c>. Keys are null. All numbers are
/// big-endian; a string is u16 length and UTF-8; a config is u16 count and that many pairs of strings.
/// <code>
///   u8 version = 1 | u8 kind, then by kind:
///   1 topic created        16 bytes topic id | name | i32 partitions | i16 replication factor | config overrides | request id
///   2 config changed       16 bytes topic id | all config overrides from now on
///   3 partitions added     16 bytes topic id | i32 partitions in sum
///   4 topic deleted        16 bytes topic id
///   5 producer ids taken   i64 first id | i32 count
///   6 node registered      i32 node | 16 bytes directory id | client address | peer address | rack | version
///   7 partitions placed    16 bytes topic id | i32 first partition | i16 count, then per partition i16 voters, and per voter, the
///                          preferred leader first: i32 node | 16 bytes directory id
///   8 node draining        i32 node | i16 1 or 0
/// </code>
/// A reader that meets another version or kind stops: the log was written by a newer version. Immutable.
/// </summary>
public abstract record MetadataRecord
{
    private const byte Version = 1;

    private enum Kind : byte
    {
        TopicCreated = 1,
        ConfigChanged = 2,
        PartitionsAdded = 3,
        TopicDeleted = 4,
        ProducerIdsTaken = 5,
        NodeRegistered = 6,
        PartitionsPlaced = 7,
        NodeDraining = 8,
    }

    /// <summary>A topic exists from here on.</summary>
    public sealed record TopicCreated(
        TopicId Id,
        string Name,
        int Partitions,
        int ReplicationFactor,
        IReadOnlyDictionary<string, string> Overrides,
        string RequestId) : MetadataRecord;

    /// <summary>The overrides of a topic's configuration are these from here on.</summary>
    public sealed record ConfigChanged(TopicId Id, IReadOnlyDictionary<string, string> Overrides) : MetadataRecord;

    /// <summary>A topic has this many partitions from here on.</summary>
    public sealed record PartitionsAdded(TopicId Id, int Partitions) : MetadataRecord;

    /// <summary>A topic is gone for ever: its files may be removed. Nothing else allows that.</summary>
    public sealed record TopicDeleted(TopicId Id) : MetadataRecord;

    /// <summary>Producer ids of this block are never handed out by anybody else.</summary>
    public sealed record ProducerIdsTaken(ProducerId First, int Count) : MetadataRecord;

    /// <summary>A node is this from here on.</summary>
    public sealed record NodeRegistered(NodeRecord Node) : MetadataRecord;

    /// <summary>Partitions of a topic, from one on, have these voters: in one batch with the record that makes them.</summary>
    public sealed record PartitionsPlaced(TopicId Id, int First, IReadOnlyList<PartitionPlacement> Placements) : MetadataRecord;

    /// <summary>A node is to lead nothing, or may lead again.</summary>
    public sealed record NodeDraining(NodeId Node, bool IsDraining) : MetadataRecord;

    /// <summary>The value of the record.</summary>
    public byte[] Write()
    {
        var bytes = new MemoryStream();
        bytes.WriteByte(Version);
        switch (this)
        {
            case TopicCreated created:
                bytes.WriteByte((byte)Kind.TopicCreated);
                WriteId(bytes, created.Id);
                WriteString(bytes, created.Name);
                WriteInt32(bytes, created.Partitions);
                WriteInt16(bytes, created.ReplicationFactor);
                WriteConfig(bytes, created.Overrides);
                WriteString(bytes, created.RequestId);
                break;
            case ConfigChanged changed:
                bytes.WriteByte((byte)Kind.ConfigChanged);
                WriteId(bytes, changed.Id);
                WriteConfig(bytes, changed.Overrides);
                break;
            case PartitionsAdded added:
                bytes.WriteByte((byte)Kind.PartitionsAdded);
                WriteId(bytes, added.Id);
                WriteInt32(bytes, added.Partitions);
                break;
            case TopicDeleted deleted:
                bytes.WriteByte((byte)Kind.TopicDeleted);
                WriteId(bytes, deleted.Id);
                break;
            case ProducerIdsTaken taken:
                bytes.WriteByte((byte)Kind.ProducerIdsTaken);
                WriteInt32(bytes, (int)(taken.First.Value >> 32));
                WriteInt32(bytes, (int)taken.First.Value);
                WriteInt32(bytes, taken.Count);
                break;
            case NodeRegistered registered:
                bytes.WriteByte((byte)Kind.NodeRegistered);
                WriteNode(bytes, registered.Node);
                break;
            case PartitionsPlaced placed:
                bytes.WriteByte((byte)Kind.PartitionsPlaced);
                WritePlacements(bytes, placed);
                break;
            case NodeDraining draining:
                bytes.WriteByte((byte)Kind.NodeDraining);
                WriteInt32(bytes, draining.Node.Value);
                WriteInt16(bytes, draining.IsDraining ? 1 : 0);
                break;
        }

        return bytes.ToArray();
    }

    /// <summary>Reads a value, or says why it cannot be read.</summary>
    public static Result<MetadataRecord> Read(ReadOnlySpan<byte> value)
    {
        if (value.Length < 2 || value[0] != Version)
        {
            int version = value.IsEmpty ? -1 : value[0];
            return new BrokerError(ErrorCode.UnsupportedVersion, $"metadata record of version {version}; this broker reads {Version}");
        }

        var reader = new Reader(value[2..]);
        MetadataRecord? record = (Kind)value[1] switch
        {
            Kind.TopicCreated => new TopicCreated(
                reader.Id(), reader.String(), reader.Int32(), reader.Int16(), reader.Config(), reader.String()),
            Kind.ConfigChanged => new ConfigChanged(reader.Id(), reader.Config()),
            Kind.PartitionsAdded => new PartitionsAdded(reader.Id(), reader.Int32()),
            Kind.TopicDeleted => new TopicDeleted(reader.Id()),
            Kind.ProducerIdsTaken => new ProducerIdsTaken(
                new ProducerId(((long)reader.Int32() << 32) | (uint)reader.Int32()), reader.Int32()),
            Kind.NodeRegistered => new NodeRegistered(reader.Node()),
            Kind.PartitionsPlaced => new PartitionsPlaced(reader.Id(), reader.Int32(), reader.Placements()),
            Kind.NodeDraining => new NodeDraining(new NodeId(reader.Int32()), reader.Int16() != 0),
            _ => null,
        };
        if (record is null)
        {
            return new BrokerError(ErrorCode.UnsupportedVersion, $"metadata record of unknown kind {value[1]}");
        }

        return reader.IsExact
            ? record
            : new BrokerError(ErrorCode.CorruptBatch, $"metadata record of kind {value[1]} has a wrong length");
    }

    private static void WriteId(MemoryStream to, TopicId id) => WriteGuid(to, id.Value);

    private static void WriteGuid(MemoryStream to, Guid id)
    {
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        to.Write(bytes);
    }

    private static void WriteNode(MemoryStream to, NodeRecord node)
    {
        WriteInt32(to, node.Node.Value);
        WriteGuid(to, node.Directory.Value);
        WriteString(to, node.ClientAddress);
        WriteString(to, node.PeerAddress);
        WriteString(to, node.Rack);
        WriteString(to, node.Version);
    }

    private static void WritePlacements(MemoryStream to, PartitionsPlaced placed)
    {
        WriteId(to, placed.Id);
        WriteInt32(to, placed.First);
        WriteInt16(to, placed.Placements.Count);
        foreach (PartitionPlacement placement in placed.Placements)
        {
            WriteInt16(to, placement.Voters.Count);
            foreach (FormedVoter voter in placement.Voters)
            {
                WriteInt32(to, voter.Node.Value);
                WriteGuid(to, voter.Directory.Value);
            }
        }
    }

    private static void WriteInt32(MemoryStream to, int value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        to.Write(bytes);
    }

    private static void WriteInt16(MemoryStream to, int value)
    {
        Span<byte> bytes = stackalloc byte[2];
        BinaryPrimitives.WriteInt16BigEndian(bytes, checked((short)value));
        to.Write(bytes);
    }

    private static void WriteString(MemoryStream to, string value)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(value);
        Invariant.RequireAtMost(utf8.Length, (int)short.MaxValue);
        WriteInt16(to, utf8.Length);
        to.Write(utf8);
    }

    private static void WriteConfig(MemoryStream to, IReadOnlyDictionary<string, string> config)
    {
        WriteInt16(to, config.Count);
        foreach ((string key, string value) in config.OrderBy(c => c.Key, StringComparer.Ordinal))
        {
            WriteString(to, key);
            WriteString(to, value);
        }
    }

    /// <summary>Reads fields one behind the other; past the end it reads zeros and remembers that it did.</summary>
    private ref struct Reader(ReadOnlySpan<byte> bytes)
    {
        private ReadOnlySpan<byte> _rest = bytes;
        private bool _isShort;

        public readonly bool IsExact => !_isShort && _rest.IsEmpty;

        public TopicId Id() => new(Guid());

        public Guid Guid() => new(Take(16), bigEndian: true);

        public NodeRecord Node() =>
            new(new NodeId(Int32()), new DirectoryId(Guid()), String(), String(), String(), String());

        public List<PartitionPlacement> Placements()
        {
            var placements = new List<PartitionPlacement>();
            for (int left = Int16(); left > 0 && !_isShort; left--)
            {
                var voters = new List<FormedVoter>();
                for (int of = Int16(); of > 0 && !_isShort; of--)
                {
                    voters.Add(new FormedVoter(new NodeId(Int32()), new DirectoryId(Guid())));
                }

                placements.Add(new PartitionPlacement(voters));
            }

            return placements;
        }

        public int Int32() => BinaryPrimitives.ReadInt32BigEndian(Take(4));

        public short Int16() => BinaryPrimitives.ReadInt16BigEndian(Take(2));

        public string String()
        {
            int length = Int16();
            return length < 0 || length > _rest.Length ? Short() : Encoding.UTF8.GetString(Take(length));
        }

        public Dictionary<string, string> Config()
        {
            var config = new Dictionary<string, string>(StringComparer.Ordinal);
            for (int left = Int16(); left > 0 && !_isShort; left--)
            {
                config[String()] = String();
            }

            return config;
        }

        private string Short()
        {
            _isShort = true;
            return "";
        }

        private ReadOnlySpan<byte> Take(int count)
        {
            if (count > _rest.Length)
            {
                _isShort = true;
                return new byte[count];
            }

            ReadOnlySpan<byte> taken = _rest[..count];
            _rest = _rest[count..];
            return taken;
        }
    }
}
