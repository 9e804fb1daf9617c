# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# What `make install` puts where: the program, its manual page and shell completions (made by the program itself, so
# they cannot differ from its help), the documents, and small files by which CMake and pkg-config find the program.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

install(FILES LICENSE README.md DESTINATION ${CMAKE_INSTALL_DOCDIR} OPTIONAL)
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR} FILES_MATCHING PATTERN "*.md")

if(TARGET dewar AND NOT CMAKE_CROSSCOMPILING)
  install(TARGETS dewar EXPORT dewar_programs RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  if(TARGET dewar-disassemble)
    install(TARGETS dewar-disassemble RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/dewar)
  endif()

  # Generated while installing; an output that the program does not offer is left out.
  install(CODE "
    set(program \"$<TARGET_FILE:dewar>\")
    function(install_output directory name)
      execute_process(COMMAND \"\${program}\" help \${ARGN} OUTPUT_VARIABLE text RESULT_VARIABLE status ERROR_QUIET)
      if(status EQUAL 0 AND NOT text STREQUAL \"\")
        set(target \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/\${directory}/\${name}\")
        message(STATUS \"Installing: \${target}\")
        file(WRITE \"\${target}\" \"\${text}\")
      endif()
    endfunction()
    install_output(\"${CMAKE_INSTALL_MANDIR}/man1\" dewar.1 --man)
    install_output(\"${CMAKE_INSTALL_DATADIR}/bash-completion/completions\" dewar --completions bash)
    install_output(\"${CMAKE_INSTALL_DATADIR}/zsh/site-functions\" _dewar --completions zsh)
    install_output(\"${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d\" dewar.fish --completions fish)
  ")

  set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/dewar)
  install(EXPORT dewar_programs NAMESPACE dewar:: FILE dewar-targets.cmake DESTINATION ${package_dir})
  file(WRITE ${PROJECT_BINARY_DIR}/dewar-config.cmake
       "include(\"\${CMAKE_CURRENT_LIST_DIR}/dewar-targets.cmake\")\n")
  write_basic_package_version_file(${PROJECT_BINARY_DIR}/dewar-config-version.cmake COMPATIBILITY SameMinorVersion)
  install(FILES ${PROJECT_BINARY_DIR}/dewar-config.cmake ${PROJECT_BINARY_DIR}/dewar-config-version.cmake
          DESTINATION ${package_dir})
  file(RELATIVE_PATH DEWAR_PC_UP /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
  configure_file(cmake/dewar.pc.in ${PROJECT_BINARY_DIR}/dewar.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/dewar.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endif()
