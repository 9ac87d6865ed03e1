# The matrix for other projects: `cmake --install BUILD --component matrix` puts it into share/gauntlet_matrix, with the same folders as
# here, and the command `gauntlet` beside other programs. Who only links the wrappers gets nothing of it.
set(gauntlet_matrix_folder "${CMAKE_INSTALL_DATADIR}/gauntlet_matrix")

function(gauntlet_install_matrix folder kind)
  install(${kind} ${ARGN} DESTINATION "${gauntlet_matrix_folder}/${folder}" COMPONENT matrix EXCLUDE_FROM_ALL)
endfunction()

gauntlet_install_matrix(scripts PROGRAMS scripts/gauntlet)
gauntlet_install_matrix(cmake FILES cmake/gauntlet_matrixConfig.cmake cmake/gauntlet_lane.cmake cmake/gauntlet_own_code.cmake
                                    cmake/gauntlet_pinned.cmake)
gauntlet_install_matrix(docs FILES docs/downstream.md docs/matrix.md)
gauntlet_install_matrix(tests DIRECTORY tests/support)
install(
  DIRECTORY sanitizers
  DESTINATION "${gauntlet_matrix_folder}"
  COMPONENT matrix EXCLUDE_FROM_ALL
  PATTERN "__pycache__" EXCLUDE)
install(
  DIRECTORY scripts/gauntlet_cli
  DESTINATION "${gauntlet_matrix_folder}/scripts"
  COMPONENT matrix EXCLUDE_FROM_ALL
  PATTERN "__pycache__" EXCLUDE)

# As a link, relative so that the tree can be moved: the script finds its modules from where it really is.
file(RELATIVE_PATH gauntlet_script "${CMAKE_INSTALL_FULL_BINDIR}" "${CMAKE_INSTALL_FULL_DATADIR}/gauntlet_matrix/scripts/gauntlet")
file(MAKE_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
file(CREATE_LINK "${gauntlet_script}" "${PROJECT_BINARY_DIR}/bin/gauntlet" SYMBOLIC)
install(FILES "${PROJECT_BINARY_DIR}/bin/gauntlet" TYPE BIN COMPONENT matrix EXCLUDE_FROM_ALL)
