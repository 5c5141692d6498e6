using LogBroker.Server;

return await CommandLine.Run(args, ServerNode.RunAsync);
