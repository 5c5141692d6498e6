namespace LogBroker.Protocol;

/// <summary>A voter with the directory id it had when its cluster or partition was formed (R27): a wiped one has another.</summary>
public readonly record struct FormedVoter(NodeId Node, DirectoryId Directory);
