namespace LogBroker.Cluster;

/// <summary>FNV-1a over topics in order of name: another value means that a target has to be computed anew. 0 without topics.</summary>
internal sealed class GroupTopicsHash
{
    private const ulong Offset = 0xCBF29CE484222325;
    private const ulong Prime = 0x100000001B3;
    private ulong _value;

    public long Value => (long)_value;

    public void Add(GroupTopic topic)
    {
        _value = _value == 0 ? Offset : _value;
        Mix(topic.Name);
        Span<byte> id = stackalloc byte[16];
        topic.Id.Value.TryWriteBytes(id);
        foreach (byte part in id)
        {
            Mix(part);
        }

        Mix((ulong)topic.PartitionCount);
        foreach (IReadOnlyList<string> racks in topic.Racks)
        {
            foreach (string rack in racks)
            {
                Mix(rack);
            }

            Mix(0xFFFF); // no character: an end
        }
    }

    private void Mix(string text)
    {
        foreach (char c in text)
        {
            Mix(c);
        }

        Mix(0xFFFF);
    }

    private void Mix(ulong part) => _value = (_value ^ part) * Prime;
}
